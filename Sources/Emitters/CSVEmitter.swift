// SPDX-License-Identifier: Apache-2.0

public import Planning

/// Writes the arena of plans as the layout problem that it solves, with the offsets: the CSV of
/// minimalloc, `id,lower,upper,size[,alignment],offset`, which `graphopt layout` reads too.
///
/// A line is a storage, a step's workspace, or a stretch of tensors that are parts of one another.
/// `upper` is exclusive, and sizes are rounded up to the alignment, so that the most that is live is
/// the plan's peak and the highest end is its arena. What is not in the arena is not in the file.
public struct CSVEmitter: PlanEmitter {
  public static let kind = "csv"
  public static let summary = "the arena's buffers with lives and offsets, as minimalloc reads them"

  public init() {}

  /// - Complexity: O(tensors · log tensors).
  public func bytes(of plan: ExecutionPlan) -> [UInt8] {
    let alignment = plan.options.alignment
    let column = alignment == 1 ? "" : ",alignment"
    var text = Array("id,lower,upper,size\(column),offset\n".utf8)
    var names = UniqueNames()
    for box in plan.arenaBoxes() {
      let name: String
      switch box.owner {
      case .tensor(let index): name = plan.tensors[index].name
      case .workspace(let step): name = "workspace-\(plan.steps[step].node)"
      }
      text += names.unique(Self.cell(name), "tensor").utf8
      let middle = alignment == 1 ? "" : ",\(alignment)"
      text += ",\(box.life.lowerBound),\(box.life.upperBound),\(box.bytes)".utf8
      text += "\(middle),\(box.offset)\n".utf8
    }
    return text
  }

  /// A name as a cell: the format has no quotes, and readers trim spaces.
  private static func cell(_ name: String) -> String {
    String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { scalar in
          scalar == "," || scalar == "\"" || scalar.properties.isWhitespace || scalar.isUnprintable
            ? "_" : scalar
        }))
  }
}
