// SPDX-License-Identifier: Apache-2.0

import Glibc

/// A file beside its target that becomes the target in one step, or leaves nothing.
///
/// It has no name while it is written (`O_TMPFILE`), so that it is gone with the process however
/// that ends. Where the file system knows no such files it has a name of its own, which is removed
/// on the signals that people and supervisors end a process with; only one that cannot be caught
/// leaves it there.
final class TemporaryFile {
  /// Where to write.
  let descriptor: Int32
  /// What it is to become; links are followed to their ends.
  private let target: String
  /// Its name, while it has one.
  private var name: RemovedOnSignal?

  /// A file for a target, with the permissions of what is there, or of any new file.
  ///
  /// - Parameter isNamed: Whether it has a name from the start, as where there is no other way.
  /// - Returns: `nil` with `errno` set where none can be made.
  init?(for path: String, isNamed: Bool = false) {
    var status = stat()
    let exists = stat(path, &status) == 0
    target = exists ? Self.followed(path) : path
    var descriptor = isNamed ? -1 : Self.nameless(in: Self.folder(of: target))
    if descriptor < 0 {
      guard let (made, name) = Self.named(beside: target) else { return nil }
      (descriptor, self.name) = (made, name)
    }
    self.descriptor = descriptor
    let mask = umask(0)
    umask(mask)
    fchmod(descriptor, exists ? status.st_mode & 0o7777 : 0o666 & ~mask)
  }

  deinit {
    close(descriptor)
    name?.remove()
  }

  /// Becomes the target.
  ///
  /// - Returns: Whether it did; `errno` says why not.
  func takeName() -> Bool {
    if let name {
      guard rename(name.path, target) == 0 else { return false }
      name.forget()
      self.name = nil
      return true
    }
    let source = "/proc/self/fd/\(descriptor)"
    if Self.link(source, target) { return true }
    guard errno == EEXIST else { return false }
    // Nothing replaces a file by one without a name: it gets one for a moment in which nobody is
    // interrupted.
    return Self.withoutSignals {
      for _ in 0..<100 {
        let path = Self.unusedName(beside: target)
        if Self.link(source, path) {
          if rename(path, target) == 0 { return true }
          let code = errno
          unlink(path)
          errno = code
          return false
        }
        guard errno == EEXIST else { return false }
      }
      return false
    }
  }

  // MARK: Making one

  /// A file without a name; negative where there are none.
  private static func nameless(in folder: String) -> Int32 {
    // Names are given through /proc.
    guard access("/proc/self/fd", X_OK) == 0 else { return -1 }
    // Glibc's O_TMPFILE, a macro that Swift does not see: this bit along with O_DIRECTORY.
    let temporary = 0o20_000_000 | O_DIRECTORY
    return open(folder, O_WRONLY | O_CLOEXEC | temporary, 0o600)
  }

  private static func named(beside target: String) -> (Int32, RemovedOnSignal)? {
    for _ in 0..<100 {
      let path = unusedName(beside: target)
      // Known before it is there, so that no signal comes between.
      guard let name = RemovedOnSignal(path) else { return nil }
      let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      if descriptor >= 0 { return (descriptor, name) }
      let code = errno
      name.forget()
      errno = code
      guard code == EEXIST else { return nil }
    }
    return nil
  }

  private static func unusedName(beside target: String) -> String {
    "\(target).\(String(UInt32.random(in: .min ... .max), radix: 36))"
  }

  private static func link(_ source: String, _ path: String) -> Bool {
    linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
  }

  private static func folder(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Where a path leads when links are followed to the end.
  private static func followed(_ path: String) -> String {
    guard let real = realpath(path, nil) else { return path }
    defer { free(real) }
    return String(cString: real)
  }

  /// Runs `body` while the signals that end a process wait.
  private static func withoutSignals(_ body: () -> Bool) -> Bool {
    var (ending, before) = (sigset_t(), sigset_t())
    sigemptyset(&ending)
    for signal in RemovedOnSignal.signals { sigaddset(&ending, signal) }
    pthread_sigmask(SIG_BLOCK, &ending, &before)
    let result = body()
    let code = errno
    pthread_sigmask(SIG_SETMASK, &before, nil)
    errno = code
    return result
  }
}

/// A file that is removed when a signal ends the process.
///
/// The paths are in a table of the process, the one thing that a signal's handler can reach.
struct RemovedOnSignal {
  /// What people and supervisors end a process with.
  static let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

  private typealias Table = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private static let capacity = 64
  /// Written by one thread; the handler only reads.
  nonisolated(unsafe) private static let table: Table = {
    let table = Table.allocate(capacity: capacity)
    table.initialize(repeating: nil, count: capacity)
    for signal in signals where !isIgnored(signal) {
      Glibc.signal(signal) { RemovedOnSignal.end(by: $0) }
    }
    return table
  }()

  let path: String
  private let slot: Int

  /// Puts a path into the table; `nil` with `errno` set where that is full.
  init?(_ path: String) {
    guard let slot = (0..<Self.capacity).first(where: { Self.table[$0] == nil }) else {
      errno = EMFILE
      return nil
    }
    self.path = path
    self.slot = slot
    Self.table[slot] = strdup(path)
  }

  /// Takes the path out of the table.
  func forget() {
    let path = Self.table[slot]
    Self.table[slot] = nil
    free(path)
  }

  /// Removes the file.
  func remove() {
    unlink(path)
    forget()
  }

  /// Whether the process was started so that a signal does not end it.
  private static func isIgnored(_ signal: Int32) -> Bool {
    var action = sigaction()
    sigaction(signal, nil, &action)
    return unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
      == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  /// Removes all files of the table, and ends the process as the signal would have.
  private static func end(by signal: Int32) {
    removeAll()
    Glibc.signal(signal, SIG_DFL)
    raise(signal)
  }

  /// Removes all files of the table. Calls nothing that a signal's handler may not.
  static func removeAll() {
    for slot in 0..<capacity {
      if let path = table[slot] { unlink(path) }
    }
  }
}
