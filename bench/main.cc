#include <benchmark/benchmark.h>

#include "groups.h"
#include "support.h"

int main(int argc, char** argv) {
  using namespace marcot::bench;
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  RegisterCreate();
  RegisterCopy();
  RegisterFirstWrite();
  RegisterRename();
  RegisterStat();
  RegisterList();
  RegisterStacked();
  RegisterReaders();
  RegisterCopyBesideWriters();
  RegisterCompaction();
  RegisterReclaim();
  RegisterQueue();
  RegisterSearch();
  RegisterOpen();
  benchmark::RunSpecifiedBenchmarks();
  GroupData::Clear();
  benchmark::Shutdown();
}
