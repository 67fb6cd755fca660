// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import Emitters
import Fusion

/// What is fused, as options and calibration have it.
struct FusionChoice {
  let options: FusionOptions
  /// What the calibration says, if there is one.
  let calibration: CalibrationFolder?
  let threshold: Double

  /// Chooses.
  ///
  /// - Parameter survey: What there is to choose from.
  /// - Throws: ``Failure``.
  init(
    _ mode: FusionOptions.Mode, _ arguments: FusionArguments, for survey: FusionSurvey,
    file: String
  ) throws {
    threshold = arguments.threshold
    if let path = arguments.calibration {
      do throws(CalibrationError) {
        calibration = try CalibrationFolder(path: path, for: survey)
      } catch {
        var status = ExitStatus.badInput
        if case .cannotRead = error { status = .cannotRead }
        throw Failure(status, "\(error)")
      }
    } else {
      calibration = nil
    }
    let dropped = try Self.layers(arguments.dropAttention, survey, calibration, file)
    var runs = arguments.runs
    if mode == .sequential, runs.isEmpty {
      guard let calibration else {
        throw Failure(
          .usage,
          "--mode sequential needs the runs: name them with --run, or give activations with "
            + "--calibration")
      }
      runs = calibration.dependencies.runs(within: survey.runs, threshold: threshold)
    }
    options = FusionOptions(
      mode: mode, merges: arguments.merge, runs: runs, droppedAttention: dropped,
      pieces: arguments.pieces)
  }

  /// The attention layers that a text names.
  private static func layers(
    _ text: String?, _ survey: FusionSurvey, _ calibration: CalibrationFolder?, _ file: String
  ) throws -> [Int] {
    guard let text else { return [] }
    if text.hasPrefix("least:") {
      guard let count = Int(text.dropFirst("least:".count)), count > 0 else {
        throw Failure(.usage, "--drop-attention least:N takes a number, not '\(text)'")
      }
      guard let calibration else {
        throw Failure(.usage, "--drop-attention least:N ranks by activations: give --calibration")
      }
      let order = calibration.attention.order
      guard count <= order.count else {
        throw Failure(
          .badInput, file: file,
          "--drop-attention \(text): the calibration speaks of \(order.count) attention layers")
      }
      return order.prefix(count).sorted()
    }
    return try text.split(separator: ",").map { part in
      if let number = Int(part), survey.attention.indices.contains(number) { return number }
      let layers = survey.attention.filter { $0.sum == part || $0.node == part }
      guard layers.count == 1 else {
        throw Failure(
          FusionError.noAttention(String(part), count: survey.attention.count), file: file)
      }
      return layers[0].index
    }
  }
}
