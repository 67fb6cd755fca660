// SPDX-License-Identifier: Apache-2.0

import Glibc
import Synchronization

/// One line on the terminal that says what takes so long: shown after a second, on a terminal only,
/// and wiped at the end.
final class ProgressLine: Sendable {
  private struct State {
    var stage: String
    var isDone = false
    var isShown = false
  }

  private let state: Mutex<State>

  init(_ stage: String) {
    state = Mutex(State(stage: stage))
    guard Terminal.isInteractive else { return }
    Task.detached { [self] in
      let clock = ContinuousClock()
      let start = clock.now
      try await Task.sleep(for: .seconds(1))
      while true {
        let seconds = start.duration(to: clock.now).components.seconds
        guard show(after: seconds) else { return }
        try await Task.sleep(for: .milliseconds(200))
      }
    }
  }

  /// Names what is being done from now on.
  func update(_ stage: String) { state.withLock { $0.stage = stage } }

  /// Wipes the line; nothing is shown afterwards.
  func finish() {
    state.withLock { state in
      if state.isShown { Self.print("\r\u{1B}[K") }
      state.isDone = true
      state.isShown = false
    }
  }

  /// Prints a line above, on standard error, also where that is no terminal.
  func print(_ line: String) {
    state.withLock { state in
      Self.print((state.isShown ? "\r\u{1B}[K" : "") + line + "\n")
      state.isShown = false
    }
  }

  private func show(after seconds: Int64) -> Bool {
    state.withLock { state in
      guard !state.isDone else { return false }
      Self.print("\r\u{1B}[Kgraphopt: \(state.stage) … \(seconds) s")
      state.isShown = true
      return true
    }
  }

  private static func print(_ text: String) {
    _ = Terminal.writeAll(Array(text.utf8), to: STDERR_FILENO)
  }
}
