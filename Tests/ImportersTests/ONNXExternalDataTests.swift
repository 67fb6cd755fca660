// SPDX-License-Identifier: Apache-2.0
import TestSupport
import Testing

@testable import Importers

@Suite struct `External data` {
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
