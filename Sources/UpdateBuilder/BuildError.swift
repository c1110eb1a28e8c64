public import Archive
public import BinaryDiff
internal import Bytes
public import Crypto
public import DeltaStream
public import Linux
public import Recompress
public import SendStream
public import UpdateFile
public import XZ

/// Why an update was not built.
public enum BuildError: Error {
  /// The kernel's send needs root.
  case notRoot
  /// No key to sign with.
  case noKey
  /// A key to sign with, for an update that is not to be signed.
  case keyOfUnsigned
  /// A key does not sign.
  case key(KeyError)
  /// A version of the plain stream that updates do not have.
  case unsupportedStreamVersion(UInt16)
  /// A directory is not the root of a subvolume on btrfs.
  case notSubvolume(path: String)
  /// A subvolume can be written to; only a read-only one can be sent.
  case notReadOnly(path: String)
  /// Parent and child are on different file systems.
  case differentFileSystems(parent: String, child: String)
  /// Parent and child are the same subvolume.
  case sameTree(path: String)
  /// A directory's name does not end in a version, and none was given.
  case noVersion(path: String, prefix: String)
  /// Parent and child would have the same version, which no device installs twice.
  case sameVersion(UInt64)
  /// The child's version is lower than the parent's, which devices refuse.
  case olderVersion(parent: UInt64, child: UInt64)
  /// The memory that applying may take is less than the least that is needed.
  case memoryTooSmall(given: UInt64, needed: UInt64)
  /// Old and new data are beyond what can be searched.
  case diff(DiffError)
  /// An archive is no tree.
  case archive(path: String, ArchiveError)
  /// A device table or fakeroot database cannot be followed.
  case ownership(OwnershipError)
  /// Times or owners are to be changed, which only a plan from comparing trees can do.
  case needsTreePlan
  /// A system call failed.
  case system(SystemError)
  /// What the kernel sent is not a stream that we understand.
  case kernelStream(StreamError)
  /// The kernel began the stream anew: a signal or a suspend came between.
  case kernelStreamRestarted
  /// The stream holds what an update cannot: here, a command of a kind that is not carried.
  case unsupportedCommand(CommandKind)
  /// A command of the kernel's stream has a path that leads out of the tree, or is none at all.
  case deltaStream(DeltaStreamError)
  /// A file cannot be opened, or its recipes are beyond what an update holds.
  case recompress(RecompressError)
  /// There are more recipes than an update may list.
  case tooManyRecipes(limit: Int)
  /// Devices have another libzstd than this program, which can prove no recipe for it.
  case otherZstd(device: String, here: String)
  /// xz failed.
  case xz(XZError)
  /// The update file cannot be written like that.
  case updateFile(UpdateFileError)
  /// The finished update does not give the plain stream back: a fault of ours, and nothing was
  /// left behind.
  case selfCheckFailed(String)
  /// A tree has something that no send stream can say.
  case notExpressible(path: [UInt8], String)
  /// The names that a plan gives are not those of the child: a fault of ours.
  case planFailedCheck(String)
  /// The plan in its temporary file is not what was written there.
  case planChanged
  /// A chain of updates gives no tree.
  case chain(ChainError)
  /// What a user names as a tree is none that there can be.
  case badTreeName(String)
  /// The caller wanted no more.
  case cancelled
}

extension BuildError: CustomStringConvertible {
  /// What failed, on what, why, and what to do: one line.
  public var description: String {
    switch self {
    case .notRoot: "the kernel's send needs root: run it with sudo, or give --plan tree"
    case .noKey: "an update needs a key that signs it: give --key"
    case .keyOfUnsigned: "an update that is not signed needs no key: leave out --key or --unsigned"
    case .key(let error): "signing failed: \(error)"
    case .unsupportedStreamVersion(let version):
      "stream version \(version) is not supported: give --proto 1 or 2"
    case .notSubvolume(let path):
      "\"\(path)\" is not a btrfs subvolume: name the directory of a read-only snapshot, or give --plan tree"
    case .notReadOnly(let path):
      "\"\(path)\" is not read-only: snapshot it with `btrfs subvolume snapshot -r`, or give --plan tree"
    case .differentFileSystems(let parent, let child):
      "\"\(parent)\" and \"\(child)\" are on different file systems: the kernel's send needs both on one btrfs"
    case .sameTree(let path): "\"\(path)\" is given as parent and as child"
    case .noVersion(let path, let prefix):
      "\"\(path)\" is not named \(prefix)_vN: give --from-version and --to-version, or --prefix"
    case .sameVersion(let version):
      "parent and child are both version \(version): give the child a higher one"
    case .olderVersion(let parent, let child):
      "the child is version \(child) and the parent \(parent): exchange them, or give --allow-older"
    case .memoryTooSmall(let given, let needed):
      "--max-apply-memory \(given) is too small: at least \(needed) bytes are needed"
    case .diff(let error): "comparing old and new data failed: \(error)"
    case .archive(let path, let error): "\(QuotedText.quoted(path)): \(error)"
    case .ownership(let error): error.description
    case .needsTreePlan:
      "--times, device tables and fakeroot need a plan from comparing trees: leave out --plan send"
    case .system(let error): error.description
    case .kernelStream(let error): "the kernel's send stream is wrong: \(error)"
    case .kernelStreamRestarted:
      "the kernel began its stream anew, as after a suspend: run the command again"
    case .unsupportedCommand(let kind): "the kernel's stream has \(kind), which no update carries"
    case .deltaStream(let error): error.description
    case .recompress(let error): "opening compressed files failed: \(error)"
    case .tooManyRecipes(let limit):
      "the files need more than \(limit) recipes: leave a kind out of --recompress"
    case .otherZstd(let device, let here):
      "devices have libzstd \(device) and this program \(here): build where both are the same, "
        + "or leave out --device-zstd"
    case .xz(let error): "compressing failed: \(error)"
    case .updateFile(let error): error.description
    case .selfCheckFailed(let what):
      "the finished update failed its own check (\(what)); nothing was written. Please report this"
    case .notExpressible(let path, let why):
      "\(QuotedText.quoted(path)) cannot be sent: \(why)"
    case .planFailedCheck(let what):
      "the plan failed its own check (\(what)); nothing was written. Please report this"
    case .planChanged:
      "a temporary file is not what was written to it: check the disk; if that is well, please report this"
    case .chain(let error): error.description
    case .badTreeName(let text): "\"\(text)\" names no update file: write update:FILE,FILE"
    case .cancelled: "cancelled"
    }
  }
}
