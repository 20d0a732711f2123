// What nearly every test includes, compiled once.
// Guards and no #pragma once, of which gcc warns in a file that it compiles by itself.
#ifndef MARCOT_TESTS_PCH_TEST_PCH_H_
#define MARCOT_TESTS_PCH_TEST_PCH_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "marcot/marcot.hpp"

#endif  // MARCOT_TESTS_PCH_TEST_PCH_H_
