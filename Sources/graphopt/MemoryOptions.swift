// SPDX-License-Identifier: Apache-2.0

import ArgumentParser
import GraphIR
import MemoryLayout

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

  @Flag(
    help: ArgumentHelp(
      "Where a Concat or a Split puts whole runs of bytes behind one another, its parts are written "
        + "where the whole has them, or stay there, and nothing is copied."))
  var slices = false

  func validate() throws {
    guard alignment > 0, alignment <= Graph.maximumAlignment, alignment.nonzeroBitCount == 1 else {
      throw ValidationError(
        "--alignment is a power of two from 1 to \(Graph.maximumAlignment), not \(alignment)")
    }
  }

  var model: MemoryModel {
    MemoryModel(alignment: alignment, inPlace: inplace, io: io, slices: slices)
  }
}

/// The layout of a name, for options.
func layoutChoice(_ name: String) throws -> LayoutChoice {
  guard let choice = LayoutChoice(name: name) else {
    throw ValidationError(
      "there is no layout '\(name)'; choose from \(LayoutChoice.names.joined(separator: ", "))")
  }
  return choice
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
