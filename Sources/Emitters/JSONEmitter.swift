// SPDX-License-Identifier: Apache-2.0

public import Planning

/// Writes plans as JSON, after `Schemas/plan-1.schema.json`: keys ascending, one line for each part
/// of the head, each step and each tensor.
public struct JSONEmitter: PlanEmitter {
  public static let kind = "json"
  public static let summary = "the plan itself, for programs"

  public init() {}

  /// - Complexity: O(length of the text).
  public func bytes(of plan: ExecutionPlan) -> [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      func line(_ key: String, _ body: (inout JSONWriter) -> Void) {
        writer.newLine()
        writer.key(key)
        body(&writer)
      }
      line("format") { $0.string(plan.format) }
      if let fusion = plan.fusion { line("fusion") { fusion.write(to: &$0) } }
      line("model") { plan.model.write(to: &$0) }
      line("options") { plan.options.write(to: &$0) }
      line("passes") { $0.lines(plan.passes) { $1.write(to: &$0) } }
      line("residencies") { $0.lines(plan.residencies) { $1.write(to: &$0) } }
      line("steps") { $0.lines(plan.steps) { $1.write(to: &$0) } }
      line("summary") { plan.summary.write(to: &$0) }
      line("tensors") { $0.lines(plan.tensors) { $1.write(to: &$0) } }
      writer.newLine()
      writer.member("version", plan.version)
      writer.newLine()
      writer.key("witness")
      plan.witness.write(to: &writer)
      writer.newLine()
    }
    writer.newLine()
    return writer.bytes
  }
}

extension PlannedFusion {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.key("done")
      $0.array(done) { writer, item in
        writer.object {
          $0.member("into", item.into)
          $0.member("isExact", item.isExact)
          $0.member("kind", item.kind)
          $0.member("members", item.members)
          $0.member("nodes", item.nodes)
          $0.member("widths", item.widths)
        }
      }
      $0.member("droppedAttention", droppedAttention)
      $0.member("merges", merges)
      $0.member("mode", mode)
      $0.member("pieces", pieces)
      $0.key("runs")
      $0.array(runs) { writer, run in writer.array(run) { $0.integer($1) } }
    }
  }
}

extension PlannedModel {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      if let bounds { $0.member("bounds", bounds) }
      $0.member("dims", dims)
      $0.member("fingerprint", fingerprint)
      $0.member("inputs", inputs)
      $0.member("irVersion", irVersion)
      $0.member("nodes", nodes)
      $0.member("opsets", opsets)
      $0.member("outputs", outputs)
      $0.member("path", path)
    }
  }
}

extension PlanOptions {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("alignment", alignment)
      $0.member("budgetBytes", budgetBytes)
      $0.member("inplace", inplace)
      $0.member("io", io)
      $0.member("layout", layout)
      $0.member("order", order)
      $0.member("recompute", recompute)
      $0.member("slices", slices)
      $0.member("spill", spill)
    }
  }
}

extension PlanPass {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("changed", changed)
      $0.member("name", name)
      $0.member("outcome", outcome)
      $0.member("peakAfter", peakAfter)
      $0.member("peakBefore", peakBefore)
    }
  }
}

extension PlanStep {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      // Few steps have them, and most readers know none.
      if let bodies {
        $0.key("bodies")
        $0.lines(bodies) { $1.write(to: &$0) }
      }
      $0.member("index", index)
      $0.member("inputs", inputs)
      $0.member("kind", kind.rawValue)
      $0.member("liveBytes", liveBytes)
      $0.member("node", node)
      $0.member("nodeIndex", nodeIndex)
      $0.member("op", op)
      $0.member("outputs", outputs)
      $0.member("recomputeFlops", recomputeFlops)
      $0.member("storage", storage)
      $0.member("workspaceBytes", workspaceBytes)
      $0.member("workspaceOffset", workspaceOffset)
    }
  }
}

extension PlanBody {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("attribute", attribute)
      $0.member("inputs", inputs)
      $0.member("outputs", outputs)
      $0.key("passes")
      $0.lines(passes) { $1.write(to: &$0) }
      $0.key("steps")
      $0.lines(steps) { $1.write(to: &$0) }
      $0.key("summary")
      summary.write(to: &$0)
      $0.key("tensors")
      $0.lines(tensors) { $1.write(to: &$0) }
      $0.member("trips", trips)
      $0.key("witness")
      witness.write(to: &$0)
    }
  }
}

extension PlanResidency {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("bytes", bytes)
      $0.member("firstStep", firstStep)
      $0.member("lastStep", lastStep)
      $0.member("offset", offset)
      $0.member("space", space)
      $0.member("storage", storage)
      $0.member("takesOver", takesOver)
    }
  }
}

extension JSONWriter {
  /// Writes what a plan weighed recomputing and spilling by.
  package mutating func member(_ name: String, _ rates: PlanPrice.Rates?) {
    key(name)
    guard let rates else { return null() }
    object {
      $0.member("bytesPerSecond", rates.bytesPerSecond)
      $0.member("flopsPerSecond", rates.flopsPerSecond)
    }
  }
}

extension PlanPrice {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("anyOrderBoundSeconds", anyOrderBoundSeconds)
      $0.member("boundSeconds", boundSeconds)
      $0.member("compulsoryBytes", compulsoryBytes)
      $0.member("fetchBytes", fetchBytes)
      $0.member("rates", rates)
      $0.member("recomputeAnyOrderBoundFlops", recomputeAnyOrderBoundFlops)
      $0.member("recomputeBoundFlops", recomputeBoundFlops)
      $0.member("recomputeFlops", recomputeFlops)
      $0.member("recomputeSteps", recomputeSteps)
      $0.member("seconds", seconds)
      $0.member("spillBytes", spillBytes)
      $0.member("trafficBoundBytes", trafficBoundBytes)
    }
  }
}

extension PlanSummary {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("arenaBytes", arenaBytes)
      $0.key("baselines")
      $0.object { writer in
        for (name, baseline) in baselines.sorted(by: { $0.key < $1.key }) {
          writer.key(name)
          writer.object {
            $0.member("arenaBytes", baseline.arenaBytes)
            $0.member("peakBytes", baseline.peakBytes)
          }
        }
      }
      $0.member("budgetBytes", budgetBytes)
      $0.member("externalBytes", externalBytes)
      $0.member("fits", fits)
      $0.member("floorBytes", floorBytes)
      $0.member("fragmentation", fragmentation)
      $0.member("lowerBoundBytes", lowerBoundBytes)
      $0.member("orderGap", orderGap)
      $0.member("peakBytes", peakBytes)
      $0.member("peakStep", peakStep)
      $0.key("price")
      price.write(to: &$0)
      $0.member("provenOptimal", provenOptimal)
      $0.member("residentBytes", residentBytes)
      $0.member("secondBytes", secondBytes)
      $0.member("smallestBudgetBytes", smallestBudgetBytes)
      $0.member("totalBytes", totalBytes)
    }
  }
}

extension PlannedTensor {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("aliasOf", aliasOf)
      $0.member("bytes", bytes)
      $0.member("elementType", elementType)
      $0.member("firstStep", firstStep)
      $0.member("inPlaceOf", inPlaceOf)
      $0.member("lastStep", lastStep)
      $0.member("name", name)
      $0.member("offset", offset)
      $0.member("role", role)
      $0.member("shape", shape)
      $0.member("sliceOf", sliceOf)
      $0.member("space", space)
      $0.member("storage", storage)
      $0.member("upperBound", upperBound)
    }
  }
}

extension PlanWitness {
  fileprivate func write(to writer: inout JSONWriter) {
    writer.object {
      $0.member("boundBytes", boundBytes)
      $0.member("node", node)
      $0.member("proof", proof.rawValue)
      $0.member("step", step)
      $0.key("tensors")
      $0.lines(tensors) { writer, item in
        writer.object {
          $0.member("bytes", item.bytes)
          $0.member("name", item.name)
          $0.member("offset", item.offset)
          $0.member("why", item.why)
        }
      }
    }
  }
}
