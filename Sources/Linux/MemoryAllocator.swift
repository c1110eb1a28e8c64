internal import CLinux

/// The C library's allocator.
public enum MemoryAllocator {
  /// Blocks of so many bytes and more are the system's again as soon as they are freed.
  private static let largeBlock: Int32 = 256 << 10

  /// Gives large blocks back when they are freed.
  ///
  /// Left alone, glibc keeps ever larger ones for later, up to 32 MiB: a program that makes one large
  /// array after the other then takes a fifth more memory at its peak. To be called when a program
  /// starts.
  public static func returnLargeBlocks() { _ = mallopt(M_MMAP_THRESHOLD, largeBlock) }
}
