#include "differential/op.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <sstream>

namespace marcot::testing {
namespace {

using Kind = Request::Kind;
using Only = BatchItem::Only;

constexpr size_t kManyEntries = 160;  // from here on the walk rather deletes

// Few names, so that operations meet; among them those that naming rules stumble over.
const std::array<std::string, 18>& Names() {
  static const std::array<std::string, 18> names = {"a",
                                                    "b",
                                                    "c",
                                                    "d",
                                                    "e",
                                                    "bar",
                                                    "bar (1)",
                                                    "v1.2",
                                                    "é",
                                                    ".profile",
                                                    "a.tar.gz",
                                                    "file.txt",
                                                    "文件 夹",
                                                    "data.json",
                                                    "Bar.TXT",
                                                    "É",
                                                    std::string(255, 'x'),
                                                    std::string(251, 'y') + ".txt"};
  return names;
}

const std::array<const char*, 7> kBadNames = {".", "..", "a:b", "", "\xff", "a\nb", "q?"};

const char* OnlyName(Only only) {
  return only == Only::kEither ? "" : only == Only::kFile ? "-file" : "-directory";
}

std::string ContentText(const Content& content) {
  if (!content.bytes) return "reference " + content.id.value().Hex();
  if (content.size > 20) return std::to_string(content.size) + " bytes";
  return "\"" + *content.bytes + "\"";
}

std::string ToString(const Request& request) {
  const std::string target = Quoted(request.space, request.path);
  const std::string how = std::string(" ") + StrategyName(request.strategy) +
                          (request.user.empty() ? "" : " by " + request.user);
  const std::string transfer = OnlyName(request.only) + std::string(" ") +
                               Quoted(request.from_space, request.from) + " -> " + target + how;
  switch (request.kind) {
    case Kind::kMakeDirectory:
      return "mkdir " + target + how;
    case Kind::kPut:
      if (request.stored) return "put what is at" + transfer;
      return "put " + target + " " + ContentText(request.content) + how;
    case Kind::kPutReference:
      return "put-reference " + target + " " + ContentText(request.content) +
             (request.unique_id ? " unique" : "") + how;
    case Kind::kCopy:
      return "copy" + (request.snapshot.empty() ? "" : "-from-snapshot " + request.snapshot) +
             transfer;
    case Kind::kMove:
      return "move" + transfer;
    case Kind::kDelete:
      return std::string("delete") + OnlyName(request.only) + " " + target +
             (request.permanent ? " permanently" : "") +
             (request.user.empty() ? "" : " by " + request.user);
    case Kind::kSetAttributes:
      return "set-attributes " + target + (request.in_part ? " in part" : "") +
             " category=" + request.attributes.category;
    default:
      return MoreText(request);
  }
}

std::string ListText(const Op& op) {
  std::ostringstream out;
  out << Quoted(op.space, op.path) << " order=" << static_cast<int>(op.list.order)
      << (op.list.descending ? " descending" : "") << " filter=" << static_cast<int>(op.list.filter)
      << " prefix='" << op.list.prefix << "' start_after='" << op.list.start_after
      << "' limit=" << op.list.limit;
  return out.str();
}

std::string RequestsText(const std::vector<Request>& requests) {
  std::string text;
  for (const Request& request : requests) text += "\n      " + ToString(request);
  return text;
}

Op OpOf(Op::Kind kind, size_t number = 0) {
  Op op;
  op.kind = kind;
  op.number = number;
  return op;
}

}  // namespace

const char* StrategyName(Strategy strategy) {
  switch (strategy) {
    case Strategy::kDefault:
      return "default";
    case Strategy::kAsk:
      return "ask";
    case Strategy::kRename:
      return "rename";
    case Strategy::kOverwrite:
      return "overwrite";
  }
  return "";
}

std::string Quoted(size_t space, const std::string& path) {
  return std::to_string(space) + ":'" + path + "'";
}

std::string ToString(const Op& op) {
  switch (op.kind) {
    case Op::Kind::kRequest:
      return ToString(op.requests[0]);
    case Op::Kind::kAtomic:
      return "atomically:" + RequestsText(op.requests);
    case Op::Kind::kEach:
      return "each:" + RequestsText(op.requests);
    case Op::Kind::kList:
      return "list " + ListText(op);
    case Op::Kind::kBeginListing:
      return "begin-listing " + ListText(op);
    case Op::Kind::kContinueListing:
      return "continue-listing";
    case Op::Kind::kSearch:
      return "search " + SearchText(op);
    case Op::Kind::kBeginSearch:
      return "begin-search " + SearchText(op);
    case Op::Kind::kContinueSearch:
      return "continue-search";
    case Op::Kind::kFindObject:
      return "find-object " + Quoted(op.space, op.path) + (op.number < 50 ? " unknown" : "");
    case Op::Kind::kTakeSnapshot:
      return "take-snapshot";
    case Op::Kind::kCheckSnapshot:
      return "check-snapshot " + std::to_string(op.number);
    case Op::Kind::kDiff:
      return "diff of the sources of:" + RequestsText(op.requests);
    case Op::Kind::kCompare:
      return "compare";
    case Op::Kind::kReclaimSteps:
      return "reclaim-steps " + std::to_string(op.number);
    case Op::Kind::kDrain:
      return "drain";
    case Op::Kind::kSettleContents:
      return "settle-contents";
    case Op::Kind::kReopen:
      return "reopen";
    case Op::Kind::kRecreateSpace:
      return "recreate-space " + std::to_string(op.number);
    case Op::Kind::kAdvance:
      return "advance " + std::to_string(op.number) + " ms";
  }
  return "";
}

std::string Abbreviate(const std::string& text) {
  constexpr size_t kLongRun = 20;
  std::string shorter;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_not_of(text[at], at), text.size());
    const size_t run = end - at;
    shorter += run < kLongRun ? text.substr(at, run)
                              : std::string(1, text[at]) + "{" + std::to_string(run) + "}";
    at = end;
  }
  return shorter;
}

Op Generator::Next(const NamespaceModel& model) {
  if (Chance(170)) return MoreOp(model);
  // The steps that look at the whole store cost as much as hundreds of changes, opening one as much
  // as a thousand.
  auto falls = [draw = Below(10000), end = uint64_t{0}](uint64_t share) mutable {
    return draw < (end += share);
  };
  if (falls(25)) return OpOf(Op::Kind::kCompare);
  if (falls(20)) return OpOf(Op::Kind::kDrain);
  if (falls(2)) return OpOf(Op::Kind::kSettleContents);
  if (falls(5)) return OpOf(Op::Kind::kReopen);
  if (falls(3)) return OpOf(Op::Kind::kRecreateSpace, 1 + Below(spaces_ - 1));
  if (falls(20)) return OpOf(Op::Kind::kTakeSnapshot);
  if (falls(20)) return OpOf(Op::Kind::kCheckSnapshot, Below(3));
  if (falls(150)) return OpOf(Op::Kind::kReclaimSteps, 1 + Below(20));
  if (falls(200)) return ListOp(model);
  if (falls(100)) return OpOf(Op::Kind::kContinueListing);
  if (falls(300)) return DiffOp(model);
  if (falls(150)) return SearchOp(model);
  if (falls(100)) return OpOf(Op::Kind::kContinueSearch);
  if (falls(150)) return FindObjectOp(model);
  if (falls(600)) return BatchOp(model, Op::Kind::kAtomic);
  if (falls(150)) return BatchOp(model, Op::Kind::kEach);
  Op op;
  op.requests.push_back(AnyRequest(model, false));
  return op;
}

Op Generator::BatchOp(const NamespaceModel& model, Op::Kind kind) {
  Op op = OpOf(kind);
  for (size_t items = 1 + Below(5); items > 0; --items) {
    op.requests.push_back(AnyRequest(model, true));
  }
  return op;
}

Op Generator::ListOp(const NamespaceModel& model) {
  Op op = OpOf(Chance(300) ? Op::Kind::kBeginListing : Op::Kind::kList);
  op.space = Below(spaces_);
  op.path = Existing(model, op.space, false);
  const bool by_name = op.kind == Op::Kind::kBeginListing;
  op.list.order = static_cast<ListOrder>(Below(by_name ? 2 : 6));
  op.list.descending = Chance(400);
  op.list.filter = Chance(600) ? ListFilter::kAll : static_cast<ListFilter>(Below(3));
  if (Chance(200)) op.list.prefix = Name().substr(0, 1 + Below(2));
  if (!op.list.prefix.empty() && static_cast<signed char>(op.list.prefix.back()) < 0) {
    op.list.prefix.clear();  // half a code point
  }
  const bool of_name =
      op.list.order == ListOrder::kDirectoriesFirst || op.list.order == ListOrder::kName;
  if (of_name && Chance(200)) op.list.start_after = Name();
  op.list.limit = 1 + Below(by_name ? 4 : 12);
  return op;
}

// Mostly what is allowed, sometimes what is refused.
Request Generator::AnyRequest(const NamespaceModel& model, bool in_batch) {
  Request request = ChangeRequest(model, in_batch);
  if (Chance(20)) {
    std::string& path = Chance(500) && !request.from.empty() ? request.from : request.path;
    if (!path.empty()) path += "/";
    path += kBadNames[Below(kBadNames.size())];
  }
  const bool has_strategy = request.kind != Kind::kDelete && request.kind != Kind::kSetAttributes &&
                            request.kind != Kind::kPurge;
  if (has_strategy) request.strategy = AnyStrategy();
  if (Chance(500)) request.user = Chance(500) ? "ann" : "bob";
  return request;
}

Request Generator::ChangeRequest(const NamespaceModel& model, bool in_batch) {
  if (in_batch && Chance(100)) {
    return Chance(700) ? BinRequest(model, true) : SnapshotRequest(model, true);
  }
  if (Chance(model.CountEntries() > kManyEntries ? 400 : 60)) return DeleteRequest(model);
  const uint64_t draw = Below(100);
  if (draw >= 65) return TransferRequest(model, in_batch);
  Request request;
  if (draw < 40) request = PutRequest(in_batch);
  request.space = Below(spaces_);
  if (request.kind == Kind::kPut && !in_batch && Chance(50)) {
    request.stored = true;
    request.from_space = Below(spaces_);
    request.from = Existing(model, request.from_space, true);
  }
  if (draw < 57) {
    request.path = Target(model, request.space);
    for (uint64_t more = draw < 40 ? Below(20) / 19 : Below(3); more > 0; --more) {
      request.path += "/" + Name();
    }
    return request;
  }
  request.kind = Kind::kSetAttributes;
  request.path = Existing(model, request.space, true);
  request.attributes = AnyAttributes(false);
  request.in_part = Chance(500);
  return request;
}

Request Generator::PutRequest(bool in_batch) {
  Request request;
  request.kind = Kind::kPut;
  if (Chance(300)) request.attributes = AnyAttributes(true);
  if (!Chance(100)) {
    request.content = ContentOfBytes(Bytes(in_batch));
    return request;
  }
  request.kind = Kind::kPutReference;
  request.unique_id = Chance(500);
  const uint64_t low = request.unique_id ? 1000 + puts_++ : 1 + Below(8);
  request.content = ContentOfReference({.id = {0xfeed, low}, .size = low * 1000});
  return request;
}

Request Generator::TransferRequest(const NamespaceModel& model, bool in_batch) {
  Request request;
  request.kind = Chance(650) ? Kind::kCopy : Kind::kMove;
  request.from_space = Below(spaces_);
  request.space = Chance(700) ? request.from_space : Below(spaces_);
  request.from = Existing(model, request.from_space, true);
  const Node* source = model.Find(request.from_space, request.from);
  request.only = source->is_file() ? Only::kFile : Only::kDirectory;
  if (Chance(30)) request.only = request.only == Only::kFile ? Only::kDirectory : Only::kFile;
  if (in_batch && Chance(500)) request.only = Only::kEither;
  if (Chance(20)) request.from += "/" + Name();
  if (Chance(150)) {  // onto itself, or into itself
    request.space = request.from_space;
    request.path = request.from + (Chance(500) ? "" : "/" + Name());
  } else {
    request.path = Target(model, request.space);
    if (Chance(150)) request.path += "/" + Name();
  }
  if (request.kind == Kind::kCopy && !source->is_file()) Remember(request);
  return request;
}

void Generator::Remember(const Request& copy) {
  constexpr size_t kCopies = 12;
  copies_.push_back(copy);
  if (copies_.size() > kCopies) copies_.pop_front();
}

Request Generator::DeleteRequest(const NamespaceModel& model) {
  Request request;
  request.kind = Kind::kDelete;
  request.space = Below(spaces_);
  request.path = Existing(model, request.space, true);
  if (Chance(200)) request.only = Chance(500) ? Only::kFile : Only::kDirectory;
  if (Chance(50)) request.path += "/" + Name();
  request.permanent = Chance(300);
  return request;
}

std::string Generator::Name() { return Names()[Below(Names().size())]; }

// A path of something that exists, found by going down; sometimes the root.
std::string Generator::Existing(const NamespaceModel& model, size_t space, bool any_type) {
  const Node* node = &model.root(space);
  std::string path;
  while (!node->children.empty() && !Chance(path.empty() ? 20 : 350)) {
    const auto next = std::next(node->children.begin(),
                                static_cast<std::ptrdiff_t>(Below(node->children.size())));
    if (next->second->is_file() && !any_type) break;
    path += (path.empty() ? "" : "/") + next->first;
    node = next->second.get();
  }
  return path;
}

// A name in a directory that exists, free or taken.
std::string Generator::Target(const NamespaceModel& model, size_t space) {
  const std::string parent = Existing(model, space, Chance(20));
  return (parent.empty() ? "" : parent + "/") + Name();
}

std::string Generator::Bytes(bool in_batch) {
  const uint64_t draw = Below(2000);
  if (draw == 0 && !in_batch)
    return std::string(Below(3u << 20), static_cast<char>('a' + Below(26)));
  if (draw < 100) return "";
  if (draw < 1000) return "shared " + std::to_string(Below(10));
  return "own " + std::to_string(puts_++) + std::string(Below(60), '.');
}

Strategy Generator::AnyStrategy() {
  return Chance(300) ? Strategy::kDefault : static_cast<Strategy>(1 + Below(3));
}

Attributes Generator::AnyAttributes(bool of_file) {
  Attributes attributes;
  attributes.category = "category " + std::to_string(Below(5));
  if (Chance(500)) attributes.metadata["key"] = std::to_string(Below(100));
  if (Chance(300)) attributes.labels = {"one", "é"};
  if (Chance(300)) attributes.local_modification_time = "2020-01-01";
  if (Chance(300)) attributes.local_creation_time = "20" + std::to_string(Below(100));
  if (of_file) attributes.content_type = "text/plain";
  return attributes;
}

}  // namespace marcot::testing
