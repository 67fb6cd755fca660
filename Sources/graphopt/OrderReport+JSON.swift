// SPDX-License-Identifier: Apache-2.0

import Emitters
import GraphIR
import Ordering
import Planning

extension OrderReport {
  /// The report after `Schemas/order-1.schema.json`: keys ascending, one line for each order and
  /// each step.
  var json: [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      func line(_ key: String, _ body: (inout JSONWriter) -> Void) {
        writer.newLine()
        writer.key(key)
        body(&writer)
      }
      line("best") { write(comparison.best, outcome: comparison.outcome.rawValue, to: &$0) }
      line("bound") {
        $0.object {
          $0.member("bytes", comparison.bound.bytes)
          $0.member("proof", comparison.bound.proof.rawValue)
        }
      }
      line("candidates") {
        $0.lines(zip(comparison.candidates, comparison.candidateTimes)) {
          write($1.0, time: $1.1, to: &$0)
        }
      }
      line("chosen") { write(chosen, to: &$0) }
      line("format") { $0.string("graphopt-order") }
      line("model") {
        $0.object {
          if let bounds = model.bounds { $0.member("bounds", bounds) }
          $0.member("dims", model.dims)
          $0.member("fingerprint", ExecutionPlan.text(ofFingerprint: graph.fingerprint))
          $0.member("nodes", graph.nodes.count)
          $0.member("path", model.path)
        }
      }
      line("options") {
        $0.object {
          let memory = problem.storages.model
          $0.member("alignment", memory.alignment)
          $0.member("effort", effort.rawValue)
          $0.member("inplace", memory.inPlace.rawValue)
          $0.member("io", memory.io.rawValue)
          $0.member("order", choice.name)
        }
      }
      line("searched") { writer in
        if let searched = comparison.searched {
          write(searched, time: comparison.searchTime, to: &writer)
        } else {
          writer.null()
        }
      }
      line("steps") {
        $0.lines(chosen.schedule.order) { writer, node in
          writer.object {
            $0.member("node", graph.name(of: node))
            $0.member("nodeIndex", node.index)
            $0.member("op", graph.kind(of: node).description)
          }
        }
      }
      writer.newLine()
      writer.member("version", 1)
      line("witness", writeWitness)
      writer.newLine()
    }
    writer.newLine()
    return writer.bytes
  }

  private func write(
    _ candidate: OrderingResult.Candidate, outcome: String? = nil, time: Duration? = nil,
    to writer: inout JSONWriter
  ) {
    writer.object {
      $0.member("gap", comparison.gap(of: candidate.peakBytes))
      $0.member("name", candidate.name)
      if let outcome { $0.member("outcome", outcome) }
      $0.member("peakBytes", candidate.peakBytes)
      $0.member("provenOptimal", candidate.peakBytes == comparison.bound.bytes)
      if hasTimes, let time { $0.member("seconds", time / .seconds(1)) }
    }
  }

  private func writeWitness(to writer: inout JSONWriter) {
    let witness = comparison.bound.witness
    writer.object {
      $0.member("bytes", witness.bytes)
      $0.member("node", witness.node.map { graph.name(of: $0) })
      $0.member("nodeIndex", witness.node?.index)
      $0.member("op", witness.node.map { graph.kind(of: $0).description })
      $0.key("storages")
      // What takes over another's bytes adds none.
      $0.lines(witness.members.filter { $0.bytes > 0 }) { writer, member in
        writer.object {
          $0.member("bytes", member.bytes)
          $0.member("name", graph.name(of: problem.storages.roots[member.storage.index]))
          $0.member("why", member.reason.sentence { graph.name(of: $0) })
        }
      }
      $0.member("workspaceBytes", witness.workspaceBytes)
    }
  }
}
