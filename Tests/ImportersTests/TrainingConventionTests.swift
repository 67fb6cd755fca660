// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@testable import Importers

@Suite struct `Training graphs` {
  private static let entries = [
    "graphopt.convention": "1",
    "graphopt.roles":
      #"{"p": "param", "m": "optimizer_state", "b": "buffer", "x": "input", "t": "target"}"#,
    "graphopt.updates": #"{"p": "p1"}"#,
    "graphopt.grads": #"{"p": "g"}"#,
  ]

  private func result(
    _ entries: [String: String] = entries, node: (inout ProtobufWriter) -> Void = { _ in }
  ) throws(ImportError) -> Graph {
    try imported(opsets: [("pkg.aten", 1)]) {
      for (key, value) in entries.sorted(by: { $0.key < $1.key }) {
        $0.message(14) {
          $0.string(1, key)
          $0.string(2, value)
        }
      }
    } graph: {
      for name in ["p", "m", "b", "x", "t"] { $0.value(11, name, shape: [4]) }
      $0.node("expand", ["x"], ["e"], domain: "pkg.aten") {
        $0.text("_phase", "forward")
        $0.ints("_view_of", [0])
        $0.ints("_storage_bytes", [0])
        $0.int("implicit", 0)
      }
      $0.node("mul", ["e", "p"], ["f"], domain: "pkg.aten") {
        $0.text("_phase", "forward")
        $0.ints("_storage_bytes", [48])
      }
      $0.node("neg", ["f"], ["g"], domain: "pkg.aten") { $0.text("_phase", "backward") }
      $0.node("sqrt", ["g"], ["s"], domain: "pkg.aten") { $0.text("_phase", "optimizer") }
      $0.node("add_", ["p", "s"], ["p1"], domain: "pkg.aten") {
        $0.text("_phase", "optimizer")
        $0.ints("_inplace", [0])
      }
      $0.node("Last", ["t"], ["u"], domain: "pkg.aten", more: node)
      $0.value(13, "e", shape: [8, 4])
      $0.value(13, "f", shape: [8, 1])
      for name in ["g", "s", "p1", "u"] { $0.value(13, name, shape: [4]) }
      $0.value(12, "p1", shape: nil)
      $0.value(12, "g", shape: nil)
      $0.value(12, "u", shape: nil)
    }.graph
  }

  @Test func `roles, phases, views, updates and allocations are those stated`() throws {
    let graph = try result()
    #expect(
      ["p", "m", "b", "x", "t", "e", "f", "g", "s", "p1", "u"].map { graph.role($0) } == [
        .weight, .optimizerState, .weight, .input, .input, .activation, .activation, .gradient,
        .temporary, .weight, .output,
      ])
    #expect(
      graph.nodes.map(\.phase) == [
        .forward, .forward, .backward, .optimizer, .optimizer, .unspecified,
      ])
    #expect(Array(graph.effects(of: NodeID(0))) == [Effect(.alias, output: 0, of: 0)])
    #expect(Array(graph.effects(of: NodeID(4))) == [Effect(.mustOverwrite, output: 0, of: 0)])
    // An expanded view covers what its storage holds; a fresh result what the node allocates.
    #expect(graph.tensor("e").map { graph[$0].bytes } == ByteCount(16))
    #expect(graph.tensor("f").map { graph[$0].bytes } == ByteCount(48))
    #expect(
      Array(graph.attributes(of: NodeID(0))) == [Attribute("implicit", .int(0))])
  }

  @Test func `what a node says of itself must be possible`() {
    func entry(_ write: @escaping (inout ProtobufWriter) -> Void) -> ImportError? {
      do throws(ImportError) {
        _ = try result(node: write)
        return nil
      } catch {
        return error
      }
    }
    func broken(_ name: String) -> ImportError {
      .structure(.convention(place: "node 'Last#5'", entry: name))
    }
    #expect(entry { $0.ints("_view_of", [-1]) } == nil)
    #expect(entry { $0.ints("_view_of", [1]) } == broken("_view_of"))
    #expect(entry { $0.ints("_view_of", [-2]) } == broken("_view_of"))
    #expect(entry { $0.ints("_inplace", [0, 0]) } == broken("_inplace"))
    #expect(entry { $0.int("_inplace", 0) } == broken("_inplace"))
    #expect(entry { $0.ints("_storage_bytes", [-1]) } == broken("_storage_bytes"))
    #expect(entry { $0.ints("_storage_bytes", []) } == broken("_storage_bytes"))
    #expect(entry { $0.text("_phase", "sideways") } == broken("_phase"))
    #expect(
      entry { $0.ints("_storage_bytes", [.max]) } == .structure(.graph(.sizeOverflow)))
  }

  @Test func `what a model says of itself must be readable`() {
    func entry(_ key: String, _ value: String) -> ImportError? {
      do throws(ImportError) {
        _ = try result(Self.entries.merging([key: value]) { $1 })
        return nil
      } catch {
        return error
      }
    }
    for (key, value) in [
      ("graphopt.convention", "2"), ("graphopt.roles", "{"), ("graphopt.roles", #"{"p": "ruler"}"#),
      ("graphopt.updates", "[]"), ("graphopt.grads", #"{"p": 1}"#),
    ] {
      #expect(
        entry(key, value) == .structure(.convention(place: "the model", entry: key)),
        "\(key) \(value)")
    }
  }

  @Test func `without the convention the same operators share nothing`() throws {
    let graph = try result([:])
    #expect(graph.nodeIDs.allSatisfy { graph.effects(of: $0).isEmpty })
    #expect(graph.role("p") == .input)
  }
}

@Suite struct `JSON objects of strings` {
  private func members(_ text: String) -> [String]? {
    JSONStringObject.members(of: text)?.map { "\($0.key)=\($0.value)" }
  }

  @Test func `members are read in order`() {
    #expect(members("{}") == [])
    #expect(members(" { } \n") == [])
    #expect(members(#"{"b":"1" , "a" : "2"}"#) == ["b=1", "a=2"])
    #expect(members(#"{"é":"\u00e9\ud83d\ude00"}"#) == ["é=é😀"])
    #expect(members(#"{"a":"\"\\\/\b\f\n\r\t"}"#) == ["a=\"\\/\u{8}\u{C}\n\r\t"])
  }

  @Test(arguments: [
    "", "[]", "{", "}", "{\"a\"}", "{\"a\":}", "{\"a\":1}", "{\"a\":\"b\"", "{\"a\":\"b\",}",
    "{,}", "{\"a\":\"b\"}x", "{\"a\":\"b}", #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":"\ud800"}"#,
    #"{"a":"\ud800\u0041"}"#, #"{"a":"\udc00"}"#, "{\"a\":\"\n\"}", "{a:\"b\"}", #"{"a":"\"#,
  ])
  func `anything else is none`(text: String) { #expect(members(text) == nil) }
}
