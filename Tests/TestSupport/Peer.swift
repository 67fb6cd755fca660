// SPDX-License-Identifier: Apache-2.0
import Foundation

/// The scripts of `Tests/Peers`, which judge results with onnxruntime and other code not ours.
public enum Peer {
  /// What a test that needs the peers says when it is skipped.
  public static let absence = "no Python with onnxruntime: scripts/test makes one in .venv"

  /// The Python that has the packages they need: `GRAPHOPT_PYTHON`, or that of `.venv`.
  public static let python: String? = {
    let named = ProcessInfo.processInfo.environment["GRAPHOPT_PYTHON"]
    let path = named ?? "\(Zoo.packageRoot)/.venv/bin/python"
    return access(path, X_OK) == 0 ? path : nil
  }()

  /// What a test that needs a Ray cluster says when it is skipped.
  public static let rayAbsence = "no Python with ray: scripts/python installs it where it can"

  /// Whether the Python has ray.
  public static let hasRay: Bool = {
    guard let python else { return false }
    let code = "import importlib.util, sys; sys.exit(importlib.util.find_spec('ray') is None)"
    return CommandRunner.run(python, ["-c", code]).status == 0
  }()

  /// Whether the peers can be asked.
  public static var isPresent: Bool { python != nil }

  /// Runs a script of `Tests/Peers`.
  public static func run(
    _ script: String, _ arguments: [String], timeLimit: Duration = .seconds(300)
  ) -> CommandRunner.Result {
    CommandRunner.run(
      python ?? "python3", ["\(Zoo.packageRoot)/Tests/Peers/\(script)"] + arguments,
      timeLimit: timeLimit)
  }
}
