// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Planning

/// A graph small enough to plan by hand, with everything that a checker can find broken.
///
/// | step | node | live |
/// |---|---|---|
/// | 0 | scale | x 256 + h 256 |
/// | 1 | act   | r takes over h: x 256 + h/r 256 |
/// | 2 | view  | v is r: x 256 + r 256 |
/// | 3 | join  | x 256 + r 256 + j 512 + workspace 128 |
/// | 4 | step  | j 512 + loss 64; s' updates the resident s |
enum PlannedExample {
  static let text = """
    graph example
    input x : float32[64]
    weight w : float32[64]
    optimizerState s : float32[1]
    node scale = Mul@14(x, w) -> h : float32[64]
    node act = Relu@14(h) -> r : float32[64] effects [mayOverwrite 0 0 safe+ort]
    node view = Reshape@14(r) -> v : float32[8,8] effects [mayAlias 0 0 safe+ort]
    node join = Concat@14(x, v) -> j : float32[2,64] workspace 100
    node step = Update@1(j, s) -> loss : float32[1] as output, "s'" : float32[1] as optimizerState \
    effects [mustOverwrite 1 1 _]
    output loss
    output "s'"
    """

  static func graph() throws -> Graph { try Graph(parsing: text) }

  static func plan(budget: Int? = nil) throws -> ExecutionPlan {
    try Planner(budget: budget.map(ByteCount.init)).plan(
      graph(), model: PlannedModel(path: "example"))
  }
}
