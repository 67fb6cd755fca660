// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Planning

/// Writes plans as a header for C11 and C++11: the arena's size, an offset and a size for each tensor
/// in it as macros, assertions that the compiler checks, and tables of steps and tensors for those
/// who define `NAME_TABLES` before they include it.
///
/// `NAME` is made of the model's file name. Names become identifiers by leaving out what may not be
/// in one; a number makes them unique again.
public struct CHeaderEmitter: PlanEmitter {
  public static let kind = "c"
  public static let summary = "a C header: the arena's size, an offset for each tensor, the steps"

  /// How much of a name goes into an identifier or a string; compilers promise no more than 4095
  /// characters of a string.
  private static let longestName = 200

  public init() {}

  /// - Throws: ``EmissionError/severalOffsets`` of plans that recompute or spill.
  /// - Complexity: O(tensors + steps).
  public func bytes(of plan: ExecutionPlan) throws(EmissionError) -> [UInt8] {
    guard !plan.hasResidencies else { throw .severalOffsets }
    var header = CHeader(plan, prefix: Self.prefix(of: plan.model.path))
    header.write()
    return Array(header.text.utf8)
  }

  /// What all names of a model's header start with.
  static func prefix(of path: String) -> String {
    let name = identifier(path.fileStem).uppercased()
    guard let first = name.unicodeScalars.first, !("0"..."9").contains(first) else {
      return name.isEmpty ? "MODEL" : "MODEL_\(name)"
    }
    return name
  }

  /// Letters, digits and single underscores inside: what may stand anywhere in an identifier of C
  /// and C++. Empty where nothing of a name may.
  static func identifier(_ name: String) -> String {
    var text = ""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "a"..."z", "A"..."Z", "0"..."9": text.unicodeScalars.append(scalar)
      default: if !text.isEmpty, text.last != "_" { text += "_" }
      }
      if text.utf8.count == longestName { break }
    }
    while text.last == "_" { text.removeLast() }
    return text
  }

  /// A string literal with the same bytes, shortened where it is too long for one.
  static func literal(_ name: String) -> String {
    var text = "\""
    for byte in name.utf8.prefix(longestName * 4) {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "?"), 0..<0x20, 0x7F...:
        let octal = String(byte, radix: 8)
        text += "\\" + String(repeating: "0", count: 3 - octal.count) + octal
      default: text.unicodeScalars.append(Unicode.Scalar(byte))
      }
    }
    return text + "\""
  }

  /// A name inside a comment: printable ASCII, and nothing that could end it.
  static func comment(_ name: String) -> String {
    var text = ""
    for scalar in name.unicodeScalars.prefix(longestName) {
      switch scalar {
      case "*", "\\", "?": text += "_"
      case " "..."~": text.unicodeScalars.append(scalar)
      default: text += "_"
      }
    }
    return text
  }
}

/// A header on its way.
private struct CHeader {
  let plan: ExecutionPlan
  let prefix: String
  var text = ""
  /// The identifier of each tensor in the arena, in the order of the plan.
  private let named: [(tensor: PlannedTensor, name: String)]

  init(_ plan: ExecutionPlan, prefix: String) {
    self.plan = plan
    self.prefix = prefix
    var names = UniqueNames(separator: "_")
    var named: [(PlannedTensor, String)] = []
    for tensor in plan.tensors
    where tensor.space == MemorySpace.arena.rawValue && tensor.offset != nil {
      named.append((tensor, names.unique(CHeaderEmitter.identifier(tensor.name), "tensor")))
    }
    self.named = named
  }

  mutating func write() {
    let summary = plan.summary
    line("/* The memory plan of \(CHeaderEmitter.comment(plan.model.path)), made by graphopt.")
    line("   Graph \(plan.model.fingerprint), \(plan.steps.count) steps.")
    line("   Define \(prefix)_TABLES before including this for the tables at the end. */")
    line("#ifndef \(prefix)_PLAN_H")
    line("#define \(prefix)_PLAN_H")
    line("")
    line("#include <assert.h>")
    line("#include <stddef.h>")
    line("#include <stdint.h>")
    line("")
    line("/* What the arena needs, and what its start has to be a multiple of. */")
    define("ARENA_BYTES", number(summary.arenaBytes))
    define("ARENA_ALIGNMENT", number(plan.options.alignment))
    line("/* Weights, constants and optimizer state, outside the arena. */")
    define("RESIDENT_BYTES", number(summary.residentBytes))
    line("/* The most that is live at any step, and what no order stays below. */")
    define("PEAK_BYTES", number(summary.peakBytes))
    define("LOWER_BOUND_BYTES", number(summary.lowerBoundBytes))
    define("TENSOR_COUNT", "\(named.count)")
    define("STEP_COUNT", "\(plan.steps.count)")
    writeTensors()
    writeAssertions()
    line("#ifdef \(prefix)_TABLES")
    writeTables()
    line("#endif /* \(prefix)_TABLES */")
    line("")
    line("#endif /* \(prefix)_PLAN_H */")
  }

  /// The macros of each tensor: where it starts in the arena, and how long it is.
  private mutating func writeTensors() {
    line("")
    line("/* Where each tensor starts in the arena, and its bytes. */")
    for (tensor, name) in named {
      line(
        "/* \(CHeaderEmitter.comment(tensor.name)): \(tensor.typeAndShape), "
          + "steps \(tensor.firstStep) to \(tensor.lastStep) */")
      define("OFFSET_\(name)", number(tensor.offset ?? 0))
      define("BYTES_\(name)", number(tensor.bytes))
    }
  }

  private mutating func writeAssertions() {
    line("")
    assertion("\(prefix)_ARENA_BYTES <= SIZE_MAX", "the arena is larger than the address space")
    assertion(
      "(\(prefix)_ARENA_ALIGNMENT & (\(prefix)_ARENA_ALIGNMENT - 1u)) == 0",
      "the alignment is no power of two")
    for (tensor, name) in named {
      let (offset, bytes) = ("\(prefix)_OFFSET_\(name)", "\(prefix)_BYTES_\(name)")
      assertion("\(offset) + \(bytes) <= \(prefix)_ARENA_BYTES", "\(name) is not in the arena")
      // A part of another tensor may start anywhere in it.
      if tensor.sliceOf == nil {
        assertion("\(offset) % \(prefix)_ARENA_ALIGNMENT == 0", "\(name) is misaligned")
      }
    }
    line("")
  }

  private mutating func writeTables() {
    let type = prefix.lowercased()
    line("struct \(type)_tensor {")
    line("  const char *name;")
    line("  size_t offset;")
    line("  size_t bytes;")
    line("  uint32_t first_step; /* the step that makes it */")
    line("  uint32_t last_step;  /* the last step that needs it */")
    line("};")
    line("")
    line("struct \(type)_step {")
    line("  const char *kind; /* \"run\", \"recompute\", \"spill\" or \"fetch\" */")
    line("  const char *node;")
    line("  const char *op;")
    line("  /* The node's position in the graph as it was read; UINT32_MAX where none runs. */")
    line("  uint32_t node_index;")
    line("  size_t live_bytes;")
    line("  size_t workspace_offset;")
    line("  size_t workspace_bytes;")
    line("};")
    // ISO C has no arrays without elements.
    if !named.isEmpty {
      line("")
      line("static const struct \(type)_tensor \(type)_tensors[\(prefix)_TENSOR_COUNT] = {")
      for (tensor, name) in named {
        line(
          "  {\(CHeaderEmitter.literal(tensor.name)), \(prefix)_OFFSET_\(name), "
            + "\(prefix)_BYTES_\(name), \(tensor.firstStep)u, \(tensor.lastStep)u},")
      }
      line("};")
    }
    if !plan.steps.isEmpty {
      line("")
      line("static const struct \(type)_step \(type)_steps[\(prefix)_STEP_COUNT] = {")
      for step in plan.steps {
        line(
          "  {\"\(step.kind.rawValue)\", \(CHeaderEmitter.literal(step.node)), "
            + "\(CHeaderEmitter.literal(step.op)), \(step.nodeIndex.map { "\($0)u" } ?? "UINT32_MAX"), \(number(step.liveBytes)), "
            + "\(number(step.workspaceOffset ?? 0)), \(number(step.workspaceBytes))},")
      }
      line("};")
    }
  }

  private mutating func line(_ line: String) { text += line + "\n" }

  private mutating func define(_ name: String, _ value: String) {
    line("#define \(prefix)_\(name) \(value)")
  }

  private mutating func assertion(_ condition: String, _ message: String) {
    line("static_assert(\(condition), \"\(message)\");")
  }

  /// An unsigned constant that is wide enough everywhere.
  private func number(_ value: Int) -> String { value > 0xFFFF_FFFF ? "\(value)ull" : "\(value)u" }
}
