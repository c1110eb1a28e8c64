internal import Btrfs
internal import Linux

extension LockedDevice {
  /// Deletes a subvolume that is of no use any more; nothing happens if there is none.
  ///
  /// What is mounted stays, since the kernel would take it from under the running system without a
  /// word. What cannot be deleted gets a name that is in nobody's way, under which the next call
  /// finds it. This never fails: whatever was to be done is done already.
  borrowing func drop(_ name: String) -> [DeviceChange] {
    do throws(InstallError) {
      guard let info = try subvolume(name) else { return [] }
      guard let reason = delete(name, info) else { return [.deleted(name: name)] }
      return [.kept(name: setAside(name, info), reason)]
    } catch {
      switch error {
      case .system(let error), .spaceExhausted(let error):
        return [.kept(name: name, .failed(error))]
      default: return [.kept(name: name, .notSubvolume)]
      }
    }
  }

  /// Why it was not deleted; `nil` if it was.
  func delete(_ name: String, _ info: SubvolumeInfo) -> KeepReason? {
    do throws(SystemError) {
      if try MountTable().hasMounted(subvolume: info.id, of: directory) { return .mounted }
      // Also where this process does not see that mount.
      if running.isIt(info) { return .mounted }
      // Asked first: what is inside it must not be deleted either.
      if try FileSystem.defaultSubvolume(of: directory) == info.id { return .refused }
      do throws(SystemError) {
        try Subvolume.delete(name, in: directory)
      } catch  where error.errno == .directoryNotEmpty {
        // systemd makes subvolumes for machines and portable services in every system it boots.
        guard try deleteEmptySubvolumes(inside: name) else { return .holdsSubvolumes }
        try Subvolume.delete(name, in: directory)
      }
      return nil
    } catch {
      switch error.errno {
      case .notPermitted, .busy: return .refused
      case .directoryNotEmpty: return .holdsSubvolumes
      default: return .failed(error)
      }
    }
  }

  /// Its name afterwards.
  private func setAside(_ name: String, _ info: SubvolumeInfo) -> String {
    if DeviceNames.isDropped(name) { return name }
    let dropped = DeviceNames.dropped(id: info.id)
    do throws(InstallError) {
      try rename(name, to: dropped, .notReplacing)
      return dropped
    } catch {
      return name
    }
  }
}
