// The groups of benchmarks. Each registers its own, Marcot and what it is held against by turns.
#pragma once

namespace marcot::bench {

void RegisterCreate();
void RegisterCopy();
void RegisterFirstWrite();
void RegisterRename();
void RegisterStat();
void RegisterList();
void RegisterStacked();
void RegisterReaders();
void RegisterCopyBesideWriters();
void RegisterCompaction();
void RegisterReclaim();
void RegisterQueue();
void RegisterSearch();
void RegisterOpen();

}  // namespace marcot::bench
