// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

@Suite struct `Binding dimensions` {
  /// Inputs with a shared name, an open axis, a fixed one, and one of unknown rank.
  private func model(_ writer: inout ProtobufWriter) {
    writer.value(11, "x", shape: ["batch", 3, .unknown])
    writer.value(11, "mask", shape: ["batch", "seq"])
    writer.node("Neg", ["x"], ["y"])
    writer.node("Neg", ["mask"], ["z"])
    writer.value(12, "y", shape: ["batch", 3, "later"])
    writer.value(12, "z", shape: nil)
  }

  private func bound(_ bindings: DimensionBinding...) -> ImportError? {
    fault(bindings: bindings, graph: model)
  }

  @Test func `names and axes are bound`() throws {
    let bindings = [
      DimensionBinding("batch", 4), DimensionBinding("x:2", 5), DimensionBinding("seq", 6),
    ]
    let result = try imported(bindings: bindings, graph: model)
    #expect(result.graph.shape("y") == [4, 3, 5])
    #expect(result.graph.shape("z") == [4, 6])
    #expect(result.model.bindings == bindings)
    #expect(
      result.model.dynamicDimensions.map(\.target) == ["batch", "x:2", "seq"])
    #expect(
      result.model.dynamicDimensions.map(\.places) == [["x:0", "mask:0"], ["x:2"], ["mask:1"]])
    #expect(result.model.dynamicDimensions.map(\.extent) == [4, 5, 6])
  }

  @Test func `an axis stands for its name, and may repeat what is known`() throws {
    let result = try imported(
      bindings: [
        DimensionBinding("mask:0", 4), DimensionBinding("batch", 4), DimensionBinding("x:1", 3),
        DimensionBinding("x:2", 5), DimensionBinding("seq", 6),
      ], graph: model)
    #expect(result.graph.shape("y") == [4, 3, 5])
  }

  @Test func `one error lists all that is open, with what to say`() {
    let error = fault(bindings: [DimensionBinding("seq", 1)], graph: model)
    #expect(
      error
        == .dimensions(
          .unbound([
            DynamicDimension(target: "batch", places: ["x:0", "mask:0"]),
            DynamicDimension(target: "x:2", places: ["x:2"]),
          ])))
    #expect(
      error?.description
        == "2 dimensions are not bound: 'batch' ('x:0', 'mask:0'), 'x:2'; "
        + "say --dim batch=… --dim x:2=…")
  }

  @Test func `a binding of nothing is refused with what there is`() {
    let error = bound(DimensionBinding("bach", 4))
    #expect(
      error
        == .dimensions(
          .unmatched(DimensionBinding("bach", 4), existing: ["batch", "x:2", "seq"])))
    #expect(
      error?.description
        == "the model has no dimension 'bach' to bind; it has 'batch', 'x:2', 'seq'")
    #expect(
      fault(bindings: [DimensionBinding("n", 1)]) { $0.value(11, "x", shape: [1]) }?.description
        == "the model has no dimension 'n' to bind; it has no open dimensions")
    #expect(
      bound(DimensionBinding("x:3", 4))
        == .dimensions(
          .unmatched(DimensionBinding("x:3", 4), existing: ["batch", "x:2", "seq"])))
  }

  @Test func `a name that only results have may be bound`() {
    #expect(
      bound(
        DimensionBinding("batch", 1), DimensionBinding("x:2", 1), DimensionBinding("seq", 1),
        DimensionBinding("later", 9)) == nil)
  }

  @Test(arguments: [-1, Int.min, Int.max, (1 << 48) + 1])
  func `a dimension is not negative and can be counted`(extent: Int) {
    #expect(
      bound(DimensionBinding("batch", extent))
        == .dimensions(.outOfRange(DimensionBinding("batch", extent))))
  }

  @Test func `two numbers for one dimension contradict each other`() {
    #expect(
      bound(DimensionBinding("batch", 4), DimensionBinding("mask:0", 5))
        == .dimensions(
          .conflict(DimensionBinding("mask:0", 5), with: DimensionBinding("batch", 4))))
    #expect(
      bound(DimensionBinding("x:1", 4))
        == .dimensions(.fixed(DimensionBinding("x:1", 4), extent: 3)))
  }

  @Test func `an input of unknown rank has the axes that are bound`() throws {
    let unranked: (inout ProtobufWriter) -> Void = {
      $0.value(11, "x", shape: nil)
      $0.node("Neg", ["x"], ["y"])
      $0.value(12, "y", shape: nil)
    }
    let graph = try imported(
      bindings: [DimensionBinding("x:1", 3), DimensionBinding("x:0", 2)], graph: unranked
    ).graph
    #expect(graph.shape("y") == [2, 3])
    #expect(
      fault(graph: unranked)
        == .dimensions(.unbound([DynamicDimension(target: "x:0", places: ["x:0"])])))
  }

  /// A sequence of tensors with one axis of a name, and one of whose members nothing is stated.
  private let sequences: (inout ProtobufWriter) -> Void = {
    $0.message(11) {
      $0.string(1, "s")
      $0.message(2) { $0.message(4) { $0.message(1) { $0.tensorType(1, 1, ["n"]) } } }
    }
    $0.message(11) {
      $0.string(1, "t")
      $0.message(2) { $0.message(4) { $0.message(1) { $0.tensorType(1, 1, nil) } } }
    }
    $0.node("Identity", ["s"], ["a"])
    $0.node("Identity", ["t"], ["b"])
    $0.value(12, "a", shape: nil)
    $0.value(12, "b", shape: nil)
  }

  @Test func `a sequence has as many members as is said, of one size or each of its own`() throws {
    let graph = try imported(
      bindings: [
        DimensionBinding("s", 3), DimensionBinding("n", 5), DimensionBinding("s[1]:0", 7),
        DimensionBinding("t", 2), DimensionBinding("t:0", 2), DimensionBinding("t[1]:0", 4),
        DimensionBinding("t[1]:1", 5),
      ], graph: sequences
    ).graph
    let (s, t) = (try #require(graph.tensor("a")), try #require(graph.tensor("b")))
    #expect(graph[s].kind == .sequence && graph[t].kind == .sequence)
    #expect(graph[s].bytes.value == 4 * (5 + 7 + 5))
    #expect(graph[t].bytes.value == 4 * (2 + 4 * 5))
  }

  @Test func `what is not said of a sequence is asked for`() {
    let error = fault(bindings: [DimensionBinding("t", 0)], graph: sequences)
    #expect(
      error
        == .dimensions(
          .unbound([
            DynamicDimension(target: "s", places: ["s"]),
            DynamicDimension(target: "n", places: ["s:0"]),
          ])))
    let negative = DimensionBinding("s[0]:0", -1)
    #expect(
      fault(bindings: [negative], graph: sequences) == .dimensions(.outOfRange(negative)))
    let twice = (DimensionBinding("s[0]:0", 1), DimensionBinding("s[0]:0", 2))
    #expect(
      fault(bindings: [twice.0, twice.1], graph: sequences)
        == .dimensions(.conflict(twice.1, with: twice.0)))
  }

  @Test func `a scalar of unknown rank has no axes if that is said`() throws {
    let graph = try imported(bindings: [DimensionBinding("x:rank", 0)]) {
      $0.value(11, "x", shape: nil)
      $0.node("Neg", ["x"], ["y"])
      $0.value(12, "y", shape: nil)
    }.graph
    #expect(graph.shape("y") == [])
  }

  @Test func `an input of a sparse or an opaque type has no size to bind`() {
    let error = fault {
      $0.message(11) {
        $0.string(1, "s")
        $0.message(2) { $0.tensorType(8, 1, [2]) }
      }
    }
    #expect(error == .dimensions(.unsizedInput(name: "s")))
  }

  private let sized: (inout ProtobufWriter) -> Void = {
    $0.value(11, "x", shape: [2, 3])
    $0.value(11, "size", type: 7, shape: [2])
    $0.value(11, "fill", type: 6, shape: [])
    $0.node("Expand", ["x", "size"], ["e"])
    $0.node("Range", ["fill", "fill", "fill"], ["r"])
    $0.node("Neg", ["e"], ["y"])
    $0.value(12, "y", shape: nil)
  }

  @Test func `elements of small inputs are bound where shapes depend on them`() throws {
    let graph = try imported(
      bindings: [
        DimensionBinding("size[1]", 3), DimensionBinding("size[0]", 2), DimensionBinding("fill", 4),
      ], graph: sized
    ).graph
    #expect(graph.shape("y") == [2, 3])
    #expect(graph.shape("r") == [0])
    #expect(
      fault(bindings: [DimensionBinding("size[0]", 2)], graph: sized)
        == .dimensions(.unbound([DynamicDimension(target: "size[1]", places: ["size[1]"])])))
    let beyond = DimensionBinding("size[2]", 2)
    #expect(
      fault(bindings: [beyond], graph: sized) == .dimensions(.unmatched(beyond, existing: [])))
    let two = [DimensionBinding("fill", 4), DimensionBinding("fill[0]", 5)]
    #expect(fault(bindings: two, graph: sized) == .dimensions(.conflict(two[1], with: two[0])))
    let real = DimensionBinding("x", 2)
    #expect(fault(bindings: [real], graph: sized) == .dimensions(.unmatched(real, existing: [])))
  }

  @Test func `what has to be bound is said where shapes are not known`() {
    let text = fault(graph: sized)?.description ?? ""
    #expect(text.contains("say --dim 'size[0]=…' --dim 'size[1]=…'"))
    #expect(text.contains("say --dim fill=…"))
  }

  @Test func `texts are parsed`() throws {
    #expect(try DimensionBinding(parsing: "batch=8") == DimensionBinding("batch", 8))
    #expect(try DimensionBinding(parsing: "in:0:2=8") == DimensionBinding("in:0:2", 8))
    #expect(try DimensionBinding(parsing: "a=b=8") == DimensionBinding("a=b", 8))
    for text in ["", "batch", "=8", "batch=", "batch=x", "batch=1.5", "batch=99999999999999999999"]
    {
      #expect(throws: ImportError.dimensions(.notABinding(text))) {
        try DimensionBinding(parsing: text)
      }
    }
  }

  @Test func `names that a shell would split are quoted where they are to be pasted`() {
    let error = fault { $0.value(11, "x", shape: ["a b"]) }
    #expect(
      error?.description == "a dimension is not bound: 'a b' ('x:0'); say --dim 'a b=…'")
  }
}
