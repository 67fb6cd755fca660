// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Importers

@Suite struct `External data` {
  @Test func `the files of all tensors are listed, those in bodies and functions too`() throws {
    func outside(_ writer: inout ProtobufWriter, _ field: Int, _ file: String) {
      writer.tensor(field, "w \(file)", type: 1, dims: [1024]) {
        $0.message(13) {
          $0.string(1, "location")
          $0.string(2, file)
        }
        $0.varint(14, 1)
      }
    }
    let bytes = ProtobufWriter.model(
      more: {
        $0.message(25) { function in
          function.string(1, "F")
          function.node("Constant", [], ["c"], field: 7) {
            $0.attribute("value", kind: 4) { outside(&$0, 5, "f.bin") }
          }
        }
      },
      graph: {
        outside(&$0, 5, "b.bin")
        outside(&$0, 5, "a.bin")
        $0.tensor(5, "small", type: 1, dims: [0])
        $0.node("If", ["p"], ["y"]) {
          $0.attribute("then_branch", kind: 5) { $0.message(6) { outside(&$0, 5, "body.bin") } }
          $0.attribute("tensors", kind: 9) { outside(&$0, 10, "b.bin") }
        }
      })
    #expect(try read(bytes).externalLocations == ["a.bin", "b.bin", "body.bin", "f.bin"])
  }

  @Test func `its place is taken down and nothing is opened`() throws {
    let model = try read {
      $0.tensor(5, "w", type: 1, dims: [1024, 1024]) {
        for (key, value) in [
          ("location", "no such.bin"), ("offset", "4096"), ("length", "4194304"),
          ("checksum", "0badc0de"),
        ] {
          $0.message(13) {
            $0.string(1, key)
            $0.string(2, value)
          }
        }
        $0.varint(14, 1)
      }
      $0.tensor(5, "v", type: 1, dims: [4]) {
        $0.message(13) {
          $0.string(1, "location")
          $0.string(2, "unused: the data is here")
        }
        $0.bytes(9, [UInt8](repeating: 0, count: 16))
      }
    }
    let weights = model.graph.initializers
    let place = ONNXExternalData(location: "no such.bin", offset: 4096, length: 4_194_304)
    #expect(weights[0].storage == .external(place))
    #expect(try model.reals(of: weights[0], limit: .max) == nil)
    #expect(try model.reals(of: weights[1], limit: .max) == [0, 0, 0, 0])
  }

  @Test(arguments: ["weights.bin", "data/w.bin", "./w", "a b", "..w", "w..", "data//w", "…"])
  func `paths within the folder are accepted`(_ location: String) throws {
    let place = ONNXExternalData(location: location, offset: 0, length: nil)
    #expect(try place.containedLocation() == location)
  }

  @Test(arguments: [
    "", "/etc/passwd", "..", "../w", "data/../../w", "data/..", "a\0b", "..\\w", "C:w", ".", "./",
    "//",
  ])
  func `paths out of the folder are refused`(_ location: String) {
    let place = ONNXExternalData(location: location, offset: 0, length: nil)
    #expect(throws: ImportError.externalDataEscapes(location: location)) {
      try place.containedLocation()
    }
  }
}
