// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Runs programs as a shell would, with nothing on standard input and a limit on their time.
public enum CommandRunner {
  /// What a program left behind.
  public struct Result: Hashable, Sendable {
    /// What it wrote to standard output.
    public let output: [UInt8]
    /// What it wrote to standard error.
    public let errors: String
    /// Its exit status, or the negative number of the signal that ended it.
    public let status: Int32

    /// Standard output as text.
    public var text: String { String(decoding: output, as: UTF8.self) }
  }

  /// The folder that this test program was built in, with all that was built along.
  public static let buildFolder: String = {
    func folder(of path: String) -> String {
      String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)])
    }
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let length = readlink("/proc/self/exe", &buffer, buffer.count)
    precondition(length > 0, "the test process has an executable")
    let own = folder(
      of: String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self))
    // Newer test drivers run from the toolchain and are told where the bundle is.
    if access("\(own)/graphopt", X_OK) == 0 { return own }
    return folder(of: CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? "")
  }()

  /// The `graphopt` to test: `GRAPHOPT_COMMAND`, or what was built along with the tests.
  public static let graphopt =
    ProcessInfo.processInfo.environment["GRAPHOPT_COMMAND"] ?? "\(buildFolder)/graphopt"

  /// Runs `graphopt` in the package's folder.
  ///
  /// - Parameter outputPath: Where standard output goes instead of into the result.
  public static func graphopt(
    _ arguments: String..., timeLimit: Duration = .seconds(120), outputPath: String? = nil
  ) -> Result {
    run(graphopt, arguments, timeLimit: timeLimit, outputPath: outputPath)
  }

  /// Runs `graphopt` with a list of arguments.
  public static func graphopt(
    _ arguments: [String], timeLimit: Duration = .seconds(120)
  ) -> Result {
    run(graphopt, arguments, timeLimit: timeLimit)
  }

  /// Runs a program in the package's folder; after the time limit it is sent a signal, and waited for.
  public static func run(
    _ program: String, _ arguments: [String], timeLimit: Duration = .seconds(120),
    signal: Int32 = 9, outputPath: String? = nil
  ) -> Result {
    // Files hold any amount without a reader, so a program cannot block on a full pipe.
    let folder = TemporaryFolder()
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let writing = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(
      &actions, 1, outputPath ?? folder.path(of: "output"), writing, 0o600)
    posix_spawn_file_actions_addopen(&actions, 2, folder.path(of: "errors"), writing, 0o600)

    let command = ["/usr/bin/env", "--chdir", Zoo.packageRoot, program]
    var vector = (command + arguments).map { strdup($0) } + [nil]
    // A trap is a failure like any other; its back trace would take seconds and say little more.
    var environment = ProcessInfo.processInfo.environment
    environment["SWIFT_BACKTRACE"] = "enable=no"
    var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in vector + variables { free(pointer) } }
    // Threads of tests hold signals back, and what they start would, too.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var child = pid_t()
    let failure = posix_spawn(&child, command[0], &actions, &attributes, &vector, &variables)
    guard failure == 0 else {
      let reason = String(cString: strerror(failure))
      return Result(output: [], errors: "\(program) cannot be run: \(reason)", status: -1)
    }
    let status = wait(for: child, timeLimit: timeLimit, signal: signal)
    return Result(
      output: folder.bytes(of: "output") ?? [],
      errors: String(decoding: folder.bytes(of: "errors") ?? [], as: UTF8.self), status: status)
  }

  private static func wait(for child: pid_t, timeLimit: Duration, signal: Int32) -> Int32 {
    let end = ContinuousClock.now + timeLimit
    var status: Int32 = 0
    while waitpid(child, &status, WNOHANG) == 0 {
      if ContinuousClock.now > end {
        kill(child, signal)
        waitpid(child, &status, 0)
        break
      }
      usleep(2000)
    }
    let signal = status & 0x7F
    return signal == 0 ? (status >> 8) & 0xFF : -signal
  }
}
