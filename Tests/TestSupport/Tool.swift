// SPDX-License-Identifier: Apache-2.0
import Foundation

/// Programs that tests use where they are installed.
public enum Tool {
  /// The path of a program that the shell would find, or `nil`.
  public static func find(_ name: String) -> String? {
    let folders = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
    return folders.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
  }

  /// A Python with its standard library: that of the peers, or the machine's.
  public static let python = Peer.python ?? find("python3")

  /// A Python with torch: `GRAPHOPT_TORCH_PYTHON`.
  public static let torchPython: String? = {
    let path = ProcessInfo.processInfo.environment["GRAPHOPT_TORCH_PYTHON"]
    return path.flatMap { access($0, X_OK) == 0 ? $0 : nil }
  }()

  /// What a test that needs torch says when it is skipped.
  public static let torchAbsence = "no Python with torch: set GRAPHOPT_TORCH_PYTHON to one"

  /// A browser that can be driven: `GRAPHOPT_CHROMIUM`, or one that is installed.
  public static let chromium: String? = {
    if let named = ProcessInfo.processInfo.environment["GRAPHOPT_CHROMIUM"] { return named }
    return ["chromium", "chromium-browser", "google-chrome", "chrome"].lazy
      .compactMap { find($0) }.first
  }()

  /// What a test that needs a browser says when it is skipped.
  public static let chromiumAbsence =
    "no Chromium: scripts/setup chromium installs it, or set GRAPHOPT_CHROMIUM"
}
