// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Importers
public import Planning

/// Writes the model that was planned once more, its nodes in the planned order and the plan in its
/// metadata.
///
/// The fields of a protobuf message may come in any order and repeated ones keep theirs, so the copy
/// is the file itself, byte by byte, but for four things: which node stands where nodes stand, what
/// local functions do instead of calls of them, `metadata_props` of model, nodes and values, and a
/// `value_info` for values that had none. Weights
/// are stretches of the source that nobody looks into, and fields that this reader does not know stay
/// what they are.
public struct ONNXEmitter: Sendable {
  /// The name of the format, as the command line knows it.
  public static let kind = "onnx"
  public static let summary = "the model with its nodes in the planned order, and the plan in it"

  private let model: ONNXModel
  private let imported: ImportedGraph

  /// An emitter for plans of a model.
  ///
  /// - Parameters:
  ///   - model: The model as its file states it.
  ///   - imported: The graph that the importer made of it.
  public init(model: ONNXModel, imported: ImportedGraph) {
    self.model = model
    self.imported = imported
  }

  /// The planned file.
  ///
  /// Nodes that are no steps, which are `Constant` ones and need nothing, come first; so in the graphs
  /// that nodes run, which are written in the order of their own plans. Calls of local functions are
  /// replaced by what the functions do, as in the plan, and the functions go.
  ///
  /// - Throws: ``EmissionError`` when the plan is not for this graph, a function does what the model's
  ///   operator sets do not, or the file would be too large.
  /// - Complexity: O(fields of graphs, nodes and values, + length of the names).
  public func file(of plan: ExecutionPlan) throws(EmissionError) -> SplicedFile {
    let fingerprint = ExecutionPlan.text(ofFingerprint: imported.graph.fingerprint)
    guard plan.model.fingerprint == fingerprint else {
      throw .otherGraph(planned: plan.model.fingerprint, imported: fingerprint)
    }
    let order: NodeOrder
    let fields: [ONNXField]
    do throws(ImportError) {
      order = try NodeOrder(of: model)
      fields = try model.fields(of: model.message)
    } catch { throw .model(error) }
    var copy = SplicedFile(source: model.file)
    for field in fields {
      switch field.number {
      case 7:
        let planned = PlanOfGraph(graph: imported.graph, steps: plan.steps, tensors: plan.tensors)
        copy.append(field: 7, try GraphCopy(of: order, home: field.content).main(planned))
        if order.hasCalls {
          copy.append(try InlinedOpsets(of: order, home: field.content).missingImports)
        }
      case 14 where try isStale(field): continue
      case 25 where order.hasCalls: continue
      default: copy.append(sourceRange: field.range)
      }
    }
    let prediction = ONNXRuntimePrediction(of: plan, for: imported.graph)
    copy.append(PlanMetadata.fields(14, PlanMetadata.entries(of: plan, prediction)))
    guard copy.byteCount <= Int32.max || model.file.size > Int32.max else {
      throw .tooLarge(copy.byteCount)
    }
    return copy
  }

  private func isStale(_ field: ONNXField) throws(EmissionError) -> Bool {
    do throws(ImportError) {
      return PlanMetadata.isStale(try model.metadataEntry(at: field.content).key)
    } catch { throw .model(error) }
  }
}
