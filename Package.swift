// swift-tools-version: 6.3
import PackageDescription

// Every target is compiled alike: memory-safe Swift 6, no warnings.
let settings: [SwiftSetting] = [
  .swiftLanguageMode(.v6),
  .strictMemorySafety(),
  .treatAllWarnings(as: .error),
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("MemberImportVisibility"),
  // ~Escapable results: parsers lend what they read instead of copying it.
  .enableExperimentalFeature("Lifetimes"),
  // The n-th system call can be made to fail, or to kill the process, in debug builds only.
  .define("FAULT_INJECTION", .when(configuration: .debug)),
]

/// One layer of the design; a target names everything that it imports.
func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies + ["TestSupport"], swiftSettings: settings)
}

func systemLibrary(_ name: String, _ pkgConfig: String, _ package: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([package])])
}

/// With `--static-swift-stdlib`, the device's program needs no shared library: see `tools/build`.
let staticDevice = BuildSettingCondition.when(
  platforms: [.linux], configuration: .release, traits: ["StaticDevice"])
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let libraries = [
  "Bytes", "SendStream", "BinaryPatch", "Linux", "Btrfs", "XZ", "Compression", "Crypto",
  "Signing", "BinaryDiff", "UpdateFile", "Receive", "Tree", "DeltaStream", "UpdateBuilder",
  "UpdateInstaller", "Configuration", "Recompress", "Zstd", "Archive",
]

let package = Package(
  name: "btrfs-delta",
  products: libraries.map { .library(name: $0, targets: [$0]) } + [
    .executable(name: "btrfs-delta", targets: ["btrfs-delta"]),
    .executable(name: "btrfs-update", targets: ["btrfs-update"]),
  ],
  traits: [
    .trait(name: "StaticDevice", description: "Links a release build of btrfs-update statically.")
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // C: headers only, or a module map over a system library.
    .target(name: "CCRC32C"),
    .target(name: "CLinux"),
    systemLibrary("CLZMA", "liblzma", "liblzma-dev"),
    systemLibrary("CZlib", "zlib", "zlib1g-dev"),
    systemLibrary("CZstd", "libzstd", "libzstd-dev"),
    systemLibrary("CCrypto", "libcrypto", "libssl-dev"),
    systemLibrary("CDivSufSort", "libdivsufsort", "libdivsufsort-dev"),

    // 0: formats in pure Swift, and thin owners over the system.
    library("Bytes"),
    library("SendStream", ["Bytes", "CCRC32C"]),
    library("BinaryPatch", ["Bytes"]),
    library("Linux", ["Bytes", "CLinux"]),
    library("Btrfs", ["Bytes", "CLinux", "Linux"]),
    library("XZ", ["Bytes", "CLZMA"]),
    // What btrfs compresses with; only decompressing.
    library("Compression", ["Bytes", "CZlib", "CZstd"]),
    library("Zstd", ["CZstd"]),
    library("Crypto", ["Bytes", "CCrypto"]),
    // Private keys: the device program must not link it.
    library("Signing", ["Bytes", "CCrypto", "Crypto"]),

    // 1
    library("BinaryDiff", ["Bytes", "BinaryPatch", "CDivSufSort"]),
    library("UpdateFile", ["Bytes", "Crypto", "SendStream", "XZ"]),
    library("Receive", ["Btrfs", "Bytes", "Compression", "Linux", "SendStream"]),
    library("Recompress", ["Bytes", "Linux", "XZ", "Zstd"]),
    library("Tree", ["Btrfs", "Bytes", "Crypto", "Linux"]),
    library("Configuration", ["Bytes", "Linux"]),

    // 2
    // Tar archives as trees; build server only.
    library("Archive", ["Bytes", "Compression", "Linux", "Tree", "XZ", "Zstd"]),
    library(
      "DeltaStream",
      ["BinaryPatch", "Bytes", "Crypto", "Linux", "Recompress", "SendStream", "UpdateFile"]),

    // 3: never import each other.
    library(
      "UpdateBuilder",
      [
        "Archive", "BinaryDiff", "BinaryPatch", "Btrfs", "Bytes", "Crypto", "DeltaStream", "Linux",
        "Recompress", "SendStream", "Signing", "Tree", "UpdateFile", "XZ",
      ]),
    library(
      "UpdateInstaller",
      [
        "Btrfs", "Bytes", "Configuration", "Crypto", "DeltaStream", "Linux", "Receive",
        "Recompress", "SendStream", "Tree", "UpdateFile", "XZ",
      ]),

    // 4: what people type. CommandSupport is what both programs say alike.
    library(
      "CommandSupport",
      [
        "Bytes", "Crypto", "DeltaStream", "Linux", "Recompress", "SendStream", "UpdateFile", "XZ",
        arguments,
      ]),
    library(
      "DeltaCommands",
      [
        "Archive", "BinaryPatch", "Bytes", "CommandSupport", "Crypto", "DeltaStream", "Linux",
        "Receive",
        "Recompress", "SendStream", "Signing", "Tree", "UpdateBuilder", "UpdateFile", "XZ",
        arguments,
      ]),
    library(
      "DeviceCommands",
      [
        "Bytes", "CommandSupport", "Configuration", "Crypto", "Linux", "SendStream", "UpdateFile",
        "UpdateInstaller", arguments,
      ]),

    // 5
    .executableTarget(
      name: "btrfs-delta", dependencies: ["DeltaCommands"], swiftSettings: settings),
    .executableTarget(
      name: "btrfs-update", dependencies: ["DeviceCommands"], swiftSettings: settings,
      linkerSettings: [
        .unsafeFlags(["-static-executable", "-use-ld=lld"], staticDevice),
        // Debian 13's libcrypto compresses certificates.
        .linkedLibrary("z", staticDevice), .linkedLibrary("zstd", staticDevice),
      ]),

    .target(
      name: "TestSupport", dependencies: ["Bytes", "Linux", "SendStream"],
      path: "Tests/TestSupport",
      swiftSettings: settings),
    tests("BytesTests", ["Bytes"]),
    tests("SendStreamTests", ["Bytes", "SendStream"]),
    tests("BinaryPatchTests", ["BinaryPatch", "Bytes"]),
    tests("BinaryDiffTests", ["BinaryDiff", "BinaryPatch", "Bytes"]),
    tests("LinuxTests", ["Bytes", "Linux"]),
    tests("ConfigurationTests", ["Bytes", "Configuration", "Linux"]),
    tests("XZTests", ["Bytes", "XZ"]),
    tests("CompressionTests", ["Bytes", "CZlib", "CZstd", "Compression"]),
    tests("RecompressTests", ["Bytes", "Recompress", "XZ", "Zstd"]),
    tests("CryptoTests", ["Bytes", "Crypto", "Signing"]),
    tests("UpdateFileTests", ["Bytes", "Crypto", "SendStream", "Signing", "UpdateFile", "XZ"]),
    tests("TreeTests", ["Bytes", "Crypto", "Linux", "Tree"]),
    tests("ArchiveTests", ["Archive", "Bytes", "Crypto", "Linux", "Tree"]),
    tests(
      "DeltaStreamTests",
      [
        "BinaryDiff", "BinaryPatch", "Bytes", "Crypto", "DeltaStream", "Linux", "Recompress",
        "SendStream", "Signing", "UpdateFile", "XZ",
      ]),
    tests(
      "UpdateBuilderTests",
      [
        "BinaryDiff", "BinaryPatch", "Bytes", "DeltaStream", "Linux", "Receive", "Recompress",
        "SendStream", "Tree", "UpdateBuilder", "UpdateFile",
      ]),
    tests(
      "CommandTests",
      [
        "Archive", "Bytes", "CommandSupport", "Compression", "Configuration", "Crypto",
        "DeltaCommands",
        "DeltaStream", "DeviceCommands", "Linux", "Receive", "Recompress", "SendStream", "Tree",
        "UpdateBuilder", "UpdateFile", "UpdateInstaller", "XZ", arguments,
      ]),
    tests("BootTests", ["Bytes", "Linux", "UpdateInstaller"]),
    // Root and a loop-mounted btrfs: what only the real thing can prove.
    tests(
      "IntegrationTests",
      [
        "Archive", "BinaryDiff", "BinaryPatch", "Btrfs", "Bytes", "Compression", "Configuration",
        "Crypto",
        "DeltaStream", "Linux", "Receive", "Recompress", "SendStream", "Signing", "Tree",
        "UpdateBuilder", "UpdateFile", "UpdateInstaller", "XZ",
      ]),
  ]
)
