// The host's listener, behind a guard: what it throws must not look like a failed commit.
#pragma once

#include <memory>
#include <utility>

#include "marcot/metrics.h"

namespace marcot::operations {

class Events {
 public:
  explicit Events(std::shared_ptr<EventListener> listener) : listener_(std::move(listener)) {}

  // `tell` calls the listener, if there is one.
  template <typename Tell>
  void Notify(const Tell& tell) const {
    if (listener_ == nullptr) return;
    try {
      tell(*listener_);
    } catch (...) {
    }
  }

 private:
  const std::shared_ptr<EventListener> listener_;
};

}  // namespace marcot::operations
