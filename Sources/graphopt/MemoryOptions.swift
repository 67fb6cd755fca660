// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import GraphIR

/// How memory is counted.
struct MemoryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "What sizes and offsets are multiples of, in bytes: a power of two.", valueName: "bytes"))
  var alignment = 64

  @Option(
    help: ArgumentHelp(
      "Which views and in-place results are used: none, safe (default), ort (as ONNX Runtime does).",
      valueName: "mode"),
    transform: choice)
  var inplace = InPlaceMode.safe

  @Option(
    help: ArgumentHelp(
      "Where inputs and outputs live: arena (default), external (with the caller, not counted).",
      valueName: "place"),
    transform: choice)
  var io = IOPlacement.arena

  func validate() throws {
    guard alignment > 0, alignment <= Graph.maximumAlignment, alignment.nonzeroBitCount == 1 else {
      throw ValidationError(
        "--alignment is a power of two from 1 to \(Graph.maximumAlignment), not \(alignment)")
    }
  }

  var model: MemoryModel { MemoryModel(alignment: alignment, inPlace: inplace, io: io) }
}

/// The value of an option that has a few, by its name.
func choice<Value>(_ name: String) throws -> Value
where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
  guard let value = Value(rawValue: name) else {
    let names = Value.allCases.map(\.rawValue).joined(separator: ", ")
    throw ValidationError("'\(name)' is none of \(names)")
  }
  return value
}
