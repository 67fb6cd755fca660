// SPDX-License-Identifier: Apache-2.0
import GraphIR
import TestSupport
import Testing

@Suite struct GraphTextTests {
  static let everything = """
    graph "every \\"kind\\" of thing"
    input x : float32[1,8]
    input "in put" : int64[]
    weight w : float16[8,4]
    constant c : float32[3] bytes 640
    optimizerState s : float32[8] bound
    node mul = MatMul@17(x, w, _) -> h : float32[1,4] workspace 128 phase forward
    node "" = com.microsoft::Odd@1(h, c) -> y : float32[1,4] as output, _, "a·b" : undefined[] \
    as gradient kind sequence bytes 77 bound phase backward effects [mayOverwrite 0 0 safe+ort, \
    alias 2 1 _] attributes {axis: int -1, eps: float 1e-05, s: string "q\\"\\n", \
    dims: ints [1, -2], big: floats [inf, -1.5], names: strings ["a", ""], none: ints []}
    after 0 1
    output y
    output x

    """

  @Test func `the text of a graph reads back as the same graph`() throws {
    let graph = try Graph(parsing: Self.everything)
    #expect(graph.text == Self.everything)
    let again = try Graph(parsing: graph.text)
    #expect(again.fingerprint == graph.fingerprint)
    #expect(graph.nodes.count == 2)
    #expect(graph.outputs(of: NodeID(1)).dropFirst().first?.isAbsent == true)
  }

  @Test(arguments: [
    ("input x : float32[1]", 1, "a graph starts with 'graph NAME'"),
    ("graph g\ninput x : float99[1]", 2, "'float99' is no element type"),
    ("graph g\ninput x : float32[1] extra", 2, "the line goes on after its end"),
    ("graph g\nnode n = Relu@1(x) -> y : float32[1]", 2, "no tensor is 'x' yet"),
    ("graph g\n\n# c\noutput y", 4, "no tensor is 'y'"),
    ("graph g\nfoo x", 2, "'foo' starts no line"),
    ("graph g\ninput \"x : float32[1]", 2, "a quoted name does not end"),
    ("graph g\ninput x : float32[1", 2, "']' is missing before ''"),
    ("graph g\nafter 0 1", 2, "there is no such node"),
    ("graph g\ngraph h", 2, "a second graph starts"),
  ])
  func `a line that cannot be read is named`(text: String, line: Int, reason: String) {
    #expect(throws: GraphError.text(line: line, reason: reason)) { try Graph(parsing: text) }
  }

  @Test func `lines may end as on any system`() throws {
    let graph = try Graph(parsing: Self.everything.replacing("\n", with: "\r\n"))
    #expect(graph.text == Self.everything)
  }

  @Test func `names are equal when their bytes are`() throws {
    // The same letter to a reader, and to Swift's strings: once composed, once not.
    let text = """
      graph "names"
      input "\u{E9}" : float32[1]
      input "e\u{301}" : float32[2]
      output "e\u{301}"
      """
    let graph = try Graph(parsing: text)
    #expect(graph.tensors.count == 2)
    #expect(graph.outputs == [TensorID(1)])
    #expect(Array(graph.text.utf8) == Array((text + "\n").utf8))
  }

  @Test func `escapes name any character of four digits`() throws {
    let graph = try Graph(parsing: #"graph "\u0001\u00e9\u20ac\"\\\n\t""#)
    #expect(graph.name == "\u{1}é€\"\\\n\t")
    #expect(try Graph(parsing: graph.text).name == graph.name)
    for bad in [#""\ud800""#, #""\u+0a1""#, #""\u00""#, #""\u-000""#] {
      #expect(
        throws: GraphError.text(
          line: 1, reason: "an escape is not \\u and the four digits of a character")
      ) { try Graph(parsing: "graph \(bad)") }
    }
  }

  @Test func `damaged text gives an error or a graph, never a trap`() {
    let bytes = Array(Self.everything.utf8)
    for seed in 0..<3000 {
      var generator = SeededGenerator(seed: seed)
      var damaged = bytes
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let index = Int.random(in: 0..<damaged.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: damaged[index] = UInt8.random(in: 0...255, using: &generator)
        case 1: damaged.remove(at: index)
        default: damaged.insert(bytes[(index * 7) % bytes.count], at: index)
        }
      }
      if let graph = try? Graph(parsing: String(decoding: damaged, as: UTF8.self)) {
        #expect((try? Graph(parsing: graph.text))?.fingerprint == graph.fingerprint)
      }
    }
  }
}
