// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

/// Sizes that data decides, as `--bound` gives them.
@Suite struct `Bounding sizes` {
  /// Places of nonzero elements, which have a bound of their own, and two ranges without one.
  private func model(_ writer: inout ProtobufWriter) {
    writer.value(11, "x", shape: [3, 4])
    writer.value(11, "length", type: 7, shape: [])
    writer.integers("zero", [0], dims: [])
    writer.integers("one", [1], dims: [])
    writer.node("NonZero", ["x"], ["places"])
    writer.node("Neg", ["length"], ["negated"])
    writer.node("Neg", ["negated"], ["limit"])
    writer.node("Range", ["zero", "limit", "one"], ["range"], name: "first")
    writer.node("Mul", ["limit", "limit"], ["square"])
    writer.node("Range", ["zero", "square", "one"], ["grid"], name: "second")
    writer.node("Neg", ["range"], ["y"])
    writer.value(12, "y", type: 7, shape: nil)
    writer.value(12, "places", type: 7, shape: nil)
    writer.value(12, "grid", type: 7, shape: nil)
  }

  private func imported(_ bounds: SizeBound...) throws(ImportError) -> Graph {
    let model = try read(ProtobufWriter.model(graph: self.model))
    return try ONNXImporter(bounds: bounds, ignoresValueInfo: true).importGraph(of: model).graph
  }

  private func fault(_ bounds: SizeBound...) -> BoundFault? {
    do throws(ImportError) {
      let model = try read(ProtobufWriter.model(graph: self.model))
      _ = try ONNXImporter(bounds: bounds).importGraph(of: model)
      return nil
    } catch {
      if case .bounds(let fault) = error { return fault }
      return nil
    }
  }

  @Test func `all sizes without a bound are asked for at once, with what to say`() {
    do throws(ImportError) {
      _ = try imported()
      Issue.record("the model has sizes without a bound")
    } catch {
      #expect(
        error.description
          == "the sizes of 2 tensors are known only when the model runs: 'range' (Range 'first'), "
          + "'grid' (Range 'second'); say how large they can be: --bound range=… --bound grid=…"
          + "; or, if they follow from inputs, what those hold: --dim length=…")
    }
  }

  @Test func `a bound is given where there is none, and taken where it is tighter`() throws {
    let graph = try imported(
      SizeBound("range", [8]), SizeBound("grid", [64]), SizeBound("places", [2, 5]))
    #expect(graph.shape("range") == [8])
    #expect(graph.shape("grid") == [64])
    #expect(graph.shape("y") == [8])
    #expect(graph.shape("places") == [2, 5])
    for name in ["range", "grid", "y", "places"] {
      #expect(graph.tensor(name).map { graph[$0].isUpperBound } == true)
    }
  }

  @Test func `a bound above the one that is derived changes nothing`() throws {
    let graph = try imported(
      SizeBound("range", [8]), SizeBound("grid", [64]), SizeBound("places", [2, 500]))
    #expect(graph.shape("places") == [2, 12])
  }

  @Test func `the bounds that were used are told`() throws {
    let bounds = [SizeBound("grid", [64]), SizeBound("range", [8])]
    let model = try read(ProtobufWriter.model(graph: self.model))
    #expect(try ONNXImporter(bounds: bounds).importGraph(of: model).model.bounds == bounds)
  }

  @Test func `bounds that fit nothing are refused`() {
    let (range, grid) = (SizeBound("range", [8]), SizeBound("grid", [64]))
    #expect(fault(range, grid) == nil)
    #expect(
      fault(range, grid, SizeBound("nothing", [1])) == .unmatched(SizeBound("nothing", [1])))
    #expect(fault(range, grid, SizeBound("", [1])) == .unmatched(SizeBound("", [1])))
    #expect(
      fault(range, grid, SizeBound("x", [3, 4]))
        == .exact(SizeBound("x", [3, 4]), shape: [3, 4]))
    #expect(fault(range, grid, SizeBound("limit", [])) == .exact(SizeBound("limit", []), shape: []))
    #expect(
      fault(SizeBound("range", [8, 1]), grid) == .rank(SizeBound("range", [8, 1]), form: [nil]))
    #expect(
      fault(range, grid, SizeBound("places", [5]))
        == .rank(SizeBound("places", [5]), form: [2, nil]))
    #expect(
      fault(range, grid, SizeBound("range", [9]))
        == .conflict(SizeBound("range", [9]), with: range))
    #expect(fault(range, grid, range) == nil)
    let huge = SizeBound("range", [1 << 40, 1 << 40])
    #expect(fault(huge, grid) == .tooLarge(huge))
  }

  @Test func `known axes of a form must have room in the bound`() throws {
    func result(_ bound: SizeBound) -> ImportError? {
      do throws(ImportError) {
        let model = try read(
          ProtobufWriter.model {
            $0.value(11, "x", type: 7, shape: [5])
            $0.value(11, "n", type: 7, shape: [])
            $0.node("Neg", ["n"], ["depth"])
            $0.integers("values", [0, 1])
            $0.node("OneHot", ["x", "depth", "values"], ["y"])
            $0.value(12, "y", type: 7, shape: nil)
          })
        let graph = try ONNXImporter(bounds: [bound]).importGraph(of: model).graph
        #expect(graph.shape("y") == bound.shape)
        return nil
      } catch { return error }
    }
    #expect(result(SizeBound("y", [5, 9])) == nil)
    let small = SizeBound("y", [4, 9])
    #expect(result(small) == .bounds(.tooSmall(small, axis: 0, least: 5)))
  }

  @Test(arguments: [
    ("a=1", [1]), ("a=", []), ("a=10,0,3", [10, 0, 3]), ("a=b=7", [7]),
  ])
  func `texts are parsed`(_ text: String, _ shape: [Int]) throws {
    let bound = try SizeBound(parsing: text)
    #expect(bound.shape == shape)
    #expect(bound.description == text)
  }

  @Test(arguments: [
    "", "a", "=3", "a=x", "a=-1", "a=1,", "a=,1", "a=1;2", "a=99999999999999999999",
  ])
  func `texts that are no bounds are refused`(_ text: String) {
    #expect(throws: ImportError.bounds(.notABound(text))) { try SizeBound(parsing: text) }
  }

  /// Each in a sentence of its own.
  @Test func `faults are described`() {
    let bound = SizeBound("a", [3, 4])
    let faults: [BoundFault] = [
      .notABound("a"), .unmatched(bound), .exact(bound, shape: [3, 4]),
      .rank(bound, form: [nil, 3, 4]), .tooSmall(bound, axis: 0, least: 5), .tooLarge(bound),
      .conflict(bound, with: SizeBound("a", [])), .untyped(bound),
    ]
    let sentences = faults.map(\.description)
    #expect(Set(sentences).count == faults.count)
    #expect(sentences.dropFirst().allSatisfy { $0.contains("'a=3,4'") || $0.contains("'a'") })
    #expect(sentences[3].contains("2 axes") && sentences[3].contains("…,3,4"))
  }
}
