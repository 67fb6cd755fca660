// SPDX-License-Identifier: Apache-2.0

public import Planning

/// Writes a comparison after `Schemas/comparison-1.schema.json`: keys ascending, one line for each
/// thing that changed.
public struct ComparisonJSON: Sendable {
  public init() {}

  /// - Complexity: O(length of the text).
  public func bytes(of comparison: PlanComparison) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      func line(_ key: String, _ body: (inout JSONWriter) -> Void) {
        writer.newLine()
        writer.key(key)
        body(&writer)
      }
      line("figures") { write(figuresOf: comparison, to: &$0) }
      line("format") { $0.string("graphopt-comparison") }
      line("gap") { writer in
        writer.object {
          $0.member("after", comparison.gaps.after)
          $0.member("before", comparison.gaps.before)
        }
      }
      line("growth") { $0.lines(comparison.growth) { $1.write(to: &$0) } }
      line("models") { writer in
        writer.object {
          $0.member("after", comparison.pathAfter)
          $0.member("before", comparison.pathBefore)
        }
      }
      line("peak") { comparison.peakChange.write(to: &$0) }
      line("premises") { writer in
        writer.lines(comparison.premises) { writer, premise in
          writer.object {
            $0.member("after", premise.after)
            $0.member("before", premise.before)
            $0.member("what", premise.what)
          }
        }
      }
      line("steps") { comparison.steps.write(to: &$0) }
      line("tensors") { comparison.tensors.write(to: &$0) }
      line("tolerance") { $0.string(comparison.tolerance.description) }
      line("verdict") { $0.string(comparison.verdict.rawValue) }
      writer.newLine()
      writer.member("version", 1)
      writer.newLine()
    }
    writer.newLine()
    return writer.bytes
  }

  private func write(figuresOf comparison: PlanComparison, to writer: inout JSONWriter) {
    let figures = [
      ("arenaBytes", comparison.arena), ("externalBytes", comparison.external),
      ("lowerBoundBytes", comparison.bound), ("peakBytes", comparison.peak),
      ("recomputeFlops", comparison.recomputed), ("residentBytes", comparison.resident),
      ("secondBytes", comparison.second), ("totalBytes", comparison.total),
      ("trafficBytes", comparison.traffic),
    ]
    writer.object { writer in
      for (name, figure) in figures {
        writer.key(name)
        writer.object {
          $0.member("after", figure.after)
          $0.member("before", figure.before)
        }
      }
    }
  }
}

extension MemoryGrowth {
  package func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("after", after)
      $0.member("allowance", allowance == .max ? nil : allowance)
      $0.member("before", before)
      $0.key("culprit")
      if let culprit {
        $0.object {
          $0.member("before", culprit.before)
          $0.member("bytes", culprit.bytes)
          $0.member("name", culprit.name)
          $0.member("role", culprit.role.rawValue)
        }
      } else {
        $0.null()
      }
      $0.member("measure", measure.rawValue)
    }
  }
}

extension PeakChange {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.key("after")
      after.writePlace(to: &$0)
      $0.key("arrived")
      $0.lines(arrived) { $1.write(to: &$0) }
      $0.key("before")
      before.writePlace(to: &$0)
      $0.member("bytes", bytes)
      $0.key("left")
      $0.lines(left) { $1.write(to: &$0) }
      $0.member("otherBytes", otherBytes)
      $0.key("resized")
      $0.lines(resized) { writer, entry in
        writer.object {
          $0.key("after")
          entry.after.write(to: &$0)
          $0.key("before")
          entry.before.write(to: &$0)
        }
      }
      $0.member("workspaceBytes", workspaceBytes)
    }
  }
}

extension PeakAccount {
  fileprivate func writePlace(to writer: inout JSONWriter) {
    writer.object {
      $0.member("bytes", liveBytes)
      $0.member("node", running?.node)
      $0.member("op", running?.op)
      $0.member("step", step)
    }
  }
}

extension PeakAccount.Item {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("bytes", bytes)
      $0.member("elementType", tensor.elementType)
      $0.member("firstStep", firstStep)
      $0.member("lastStep", lastStep)
      $0.member("name", name)
      $0.member("shape", tensor.shape)
    }
  }
}

extension StepChanges {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      func list(_ key: String, _ entries: [Entry]) {
        writer.key(key)
        writer.lines(entries) { writer, entry in
          writer.object {
            $0.member("after", entry.after)
            $0.member("before", entry.before)
            $0.member("node", entry.node)
            $0.member("op", entry.op)
          }
        }
      }
      list("added", added)
      writer.member("common", common)
      list("moved", moved)
      list("removed", removed)
    }
  }
}

extension TensorChanges {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object { writer in
      func list(_ key: String, _ entries: [Entry]) {
        writer.key(key)
        writer.lines(entries) { writer, entry in
          writer.object {
            $0.key("after")
            Self.write(entry.after, to: &$0)
            $0.key("before")
            Self.write(entry.before, to: &$0)
            $0.member("name", entry.name)
          }
        }
      }
      list("added", added)
      writer.member("common", common)
      list("moved", moved)
      list("removed", removed)
      list("resized", resized)
    }
  }

  private static func write(_ tensor: PlannedTensor?, to writer: inout JSONWriter) {
    guard let tensor else { return writer.null() }
    writer.object {
      $0.member("bytes", tensor.bytes)
      $0.member("elementType", tensor.elementType)
      $0.member("offset", tensor.offset)
      $0.member("shape", tensor.shape)
      $0.member("space", tensor.space)
    }
  }
}
