// SPDX-License-Identifier: Apache-2.0
import GraphIR
import Testing

@testable import Importers

@Suite struct `Convolution and pooling` {
  private let x = floats(2, 6, 10, 12)

  @Test func `a convolution's extents follow from window, stride, padding and dilation`() {
    #expect(shapes("Conv", [x, floats(4, 6, 3, 3)]) == [[2, 4, 8, 10]])
    #expect(
      shapes(
        "Conv", [x, floats(4, 3, 3, 3)],
        ["group": .int(2), "strides": .ints([2, 3]), "pads": .ints([1, 0, 1, 2])])
        == [[2, 4, 5, 4]])
    #expect(
      shapes("Conv", [x, floats(4, 6, 3, 3)], ["dilations": .ints([4, 1])]) == [[2, 4, 2, 10]])
    #expect(
      shapes(
        "Conv", [x, floats(4, 6, 3, 3)],
        ["auto_pad": .string("SAME_LOWER"), "strides": .ints([3, 5])]) == [[2, 4, 4, 3]])
    #expect(
      shapes(
        "Conv", [x, floats(4, 6, 3, 3)],
        ["auto_pad": .string("VALID"), "pads": .ints([9, 9, 9, 9])])
        == [[2, 4, 8, 10]])
    #expect(shapes("Conv", [floats(1, 2, 9), floats(3, 2, 4)]) == [[1, 3, 6]])
    #expect(shapes("Conv", [floats(1, 1, 5, 5, 5), floats(2, 1, 3, 3, 3)]) == [[1, 2, 3, 3, 3]])
  }

  @Test func `what does not fit a convolution is refused`() {
    #expect(refusal("Conv", [x, floats(4, 5, 3, 3)]) != nil)
    #expect(
      refusal("Conv", [x, floats(4, 6, 3)]) == .rank(input: 1, shape: [4, 6, 3], needed: "4 axes"))
    #expect(refusal("Conv", [x, floats(4, 6, 11, 3)]) != nil)
    #expect(refusal("Conv", [floats(4)]) == .rank(input: 0, shape: [4], needed: "at least 2 axes"))
    let w = floats(4, 6, 3, 3)
    #expect(refusal("Conv", [x, w], ["strides": .ints([0, 1])]) == .attributeValue("strides"))
    #expect(refusal("Conv", [x, w], ["strides": .ints([1])]) == .attributeValue("strides"))
    #expect(refusal("Conv", [x, w], ["pads": .ints([.min, 0, 0, 0])]) == .attributeValue("pads"))
    #expect(
      refusal("Conv", [x, w], ["dilations": .ints([.max, 1])]) == .attributeValue("dilations"))
    #expect(refusal("Conv", [x, w], ["group": .int(0)]) == .attributeValue("group"))
    #expect(refusal("Conv", [x, w], ["group": .int(.max)]) == .tooLarge)
    #expect(refusal("Conv", [x, w], ["auto_pad": .string("MOST")]) == .attributeValue("auto_pad"))
    #expect(refusal("Conv", [x, w], ["kernel_shape": .ints([5, 5])]) != nil)
  }

  @Test func `a transposed convolution undoes one`() {
    let y = floats(1, 3, 4, 5)
    #expect(shapes("ConvTranspose", [y, floats(3, 2, 3, 3)]) == [[1, 2, 6, 7]])
    #expect(
      shapes(
        "ConvTranspose", [y, floats(3, 2, 3, 3)],
        [
          "strides": .ints([2, 2]), "pads": .ints([1, 1, 1, 1]), "output_padding": .ints([1, 0]),
          "group": .int(3),
        ]) == [[1, 6, 8, 9]])
    #expect(
      shapes("ConvTranspose", [y, floats(3, 2, 3, 3)], ["output_shape": .ints([9, 9])])
        == [[1, 2, 9, 9]])
    #expect(
      shapes(
        "ConvTranspose", [y, floats(3, 2, 3, 3)],
        ["auto_pad": .string("SAME_UPPER"), "strides": .ints([2, 2])]) == [[1, 2, 8, 10]])
    #expect(refusal("ConvTranspose", [y, floats(4, 2, 3, 3)]) != nil)
    #expect(
      refusal("ConvTranspose", [y, floats(3, 2, 3, 3)], ["pads": .ints([9, 9, 9, 9])]) != nil)
  }

  @Test func `pooling may round up, but no window starts in the padding behind`() {
    let kernel: [String: ONNXAttribute.Value] = ["kernel_shape": .ints([3, 3])]
    func pooled(_ more: [String: ONNXAttribute.Value]) -> [[Int]?]? {
      shapes("MaxPool", [floats(1, 1, 6, 7)], kernel.merging(more) { $1 }, outputs: 2)
    }
    #expect(pooled(["strides": .ints([2, 2])]) == [[1, 1, 2, 3], [1, 1, 2, 3]])
    #expect(
      pooled(["strides": .ints([2, 2]), "ceil_mode": .int(1)]) == [[1, 1, 3, 3], [1, 1, 3, 3]])
    #expect(
      shapes(
        "MaxPool", [floats(1, 1, 4, 4)],
        [
          "kernel_shape": .ints([1, 1]), "strides": .ints([3, 3]), "pads": .ints([0, 0, 2, 2]),
          "ceil_mode": .int(1),
        ]) == [[1, 1, 2, 2]])
    #expect(refusal("MaxPool", [floats(1, 1, 4, 4)]) == .missingAttribute("kernel_shape"))
    #expect(
      refusal("MaxPool", [floats(1, 1, 4)], ["kernel_shape": .ints([2, 2])])
        == .attributeValue("kernel_shape"))
    #expect(
      refusal("MaxPool", [floats(1, 1, 4)], ["kernel_shape": .ints([-1])])
        == .attributeValue("kernel_shape"))
    #expect(shapes("GlobalAveragePool", [x]) == [[2, 6, 1, 1]])
  }

  @Test func `resizing multiplies as floats or takes sizes`() {
    let y = floats(1, 2, 5, 7)
    let none: ValueFact? = nil
    #expect(shapes("Resize", version: 10, [y, reals(1, 1, 2, 0.5)]) == [[1, 2, 10, 3]])
    #expect(shapes("Resize", [y, none, reals(1, 1, 0.6, 1.7)]) == [[1, 2, 3, 11]])
    #expect(shapes("Resize", [y, none, none, known(1, 2, 9, 9)]) == [[1, 2, 9, 9]])
    // An empty list of scales stands for none.
    let empty = ValueFact(.float32, [0], value: .reals([]))
    #expect(shapes("Resize", [y, empty, empty, known(1, 2, 9, 9)]) == [[1, 2, 9, 9]])
    #expect(
      shapes(
        "Resize", version: 18, [y, none, none, known(10, 7)],
        ["axes": .ints([2, 3]), "keep_aspect_ratio_policy": .string("not_larger")])
        == [[1, 2, 5, 7]])
    #expect(
      shapes(
        "Resize", version: 18, [y, none, none, known(10, 7)],
        ["axes": .ints([2, 3]), "keep_aspect_ratio_policy": .string("not_smaller")])
        == [[1, 2, 10, 14]])
    #expect(refusal("Resize", [y, none, reals(1, 1)]) != nil)
    #expect(refusal("Resize", [y, none, reals(1, 1, -1, 1)]) != nil)
    #expect(refusal("Resize", [y, none, reals(1, 1, .nan, 1)]) != nil)
    #expect(refusal("Resize", [y, none, reals(1, 1, 1e30, 1)]) == .tooLarge)
    #expect(refusal("Resize", [y]) == .missingInput(2))
    #expect(
      shapes("Upsample", version: 7, [y], ["scales": .floats([1, 1, 2, 2])]) == [[1, 2, 10, 14]])
  }

  @Test func `padding grows or crops`() {
    let y = floats(3, 4)
    #expect(shapes("Pad", version: 2, [y], ["pads": .ints([0, 1, 2, 3])]) == [[5, 8]])
    #expect(shapes("Pad", [y, known(0, -1, 0, -1)]) == [[3, 2]])
    #expect(shapes("Pad", version: 18, [y, known(1, 2), nil, known(-1)]) == [[3, 7]])
    #expect(value("Pad", [known(5, 6), known(1, 2), scalar(9)]) == .integers([9, 5, 6, 9, 9]))
    #expect(refusal("Pad", [y, known(0, -3, 0, -2)]) != nil)
    #expect(refusal("Pad", [y, known(0, 0)]) != nil)
    #expect(refusal("Pad", [y, known(.max, 0, .max, 0)]) == .tooLarge)
    #expect(refusal("Pad", [y, known(.min, 0, .min, 0)]) != nil)
    #expect(refusal("Pad", [y]) == .missingInput(1))
  }

  @Test func `depth and space`() {
    #expect(shapes("DepthToSpace", [floats(1, 8, 2, 3)], ["blocksize": .int(2)]) == [[1, 2, 4, 6]])
    #expect(shapes("SpaceToDepth", [floats(1, 2, 4, 6)], ["blocksize": .int(2)]) == [[1, 8, 2, 3]])
    #expect(refusal("DepthToSpace", [floats(1, 7, 2, 3)], ["blocksize": .int(2)]) != nil)
    #expect(refusal("SpaceToDepth", [floats(1, 7, 2, 3)], ["blocksize": .int(0)]) != nil)
    #expect(refusal("DepthToSpace", [floats(1, 8, 2, 3)]) == .missingAttribute("blocksize"))
    #expect(shapes("GridSample", [floats(1, 3, 8, 8), floats(1, 4, 5, 2)]) == [[1, 3, 4, 5]])
    #expect(shapes("AffineGrid", [floats(2, 2, 3), known(2, 3, 4, 5)]) == [[2, 4, 5, 2]])
    #expect(
      shapes("Col2Im", [floats(1, 9, 4), known(5, 5), known(3, 3)]) == [[1, 1, 5, 5]])
    #expect(
      shapes("CenterCropPad", [floats(20, 10, 3), known(10, 9)], ["axes": .ints([1, 0])])
        == [[9, 10, 3]])
    #expect(
      shapes(
        "RoiAlign", [floats(1, 3, 8, 8), floats(5, 4), ValueFact(.int64, [5])],
        ["output_height": .int(2), "output_width": .int(4)]) == [[5, 3, 2, 4]])
  }
}
