// SPDX-License-Identifier: Apache-2.0

/// A layout as a picture: time to the right, addresses upwards, a rectangle for each buffer.
public struct LayoutPicture {
  private static let width = 12_000.0
  private static let height = 8_000.0
  private static let margin = 600

  /// The picture in SVG.
  ///
  /// - Parameters:
  ///   - solution: what is drawn.
  ///   - problem: the buffers that it places.
  ///   - ids: the buffers' names, which show when pointed at.
  ///   - capacity: bytes; drawn as a line.
  /// - Complexity: O(n) in the n buffers.
  public static func svg(
    of solution: LayoutSolution, problem: LayoutProblem, ids: [String], capacity: Int? = nil
  ) -> [UInt8] {
    let buffers = problem.buffers
    let first = buffers.map(\.lower).min() ?? 0
    let last = max(first + 1, buffers.map(\.upper).max() ?? 1)
    let top = max(1, solution.height, capacity ?? 0)
    let steps = width / (Double(last) - Double(first))
    let bytes = height / Double(top)
    func x(_ step: Int) -> Int { margin + Int(((Double(step) - Double(first)) * steps).rounded()) }
    func y(_ address: Int) -> Int { margin + Int((height - Double(address) * bytes).rounded()) }

    var text: [UInt8] = []
    func write(_ line: String) { text += Array((line + "\n").utf8) }
    let outer = (Int(width) + 2 * margin, Int(height) + 2 * margin)
    write(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(outer.0) \(outer.1)\" "
        + "font-family=\"sans-serif\" font-size=\"200\">")
    write("<rect width=\"\(outer.0)\" height=\"\(outer.1)\" fill=\"white\"/>")
    write("<g stroke=\"black\" stroke-width=\"4\">")
    for (index, buffer) in buffers.enumerated() where buffer.size > 0 {
      let offset = solution.offsets[index]
      // Neighbours get colours far apart.
      let hue = index * 137 % 360
      let corner = (x(buffer.lower), y(offset + buffer.size))
      let extent = (max(1, x(buffer.upper) - corner.0), max(1, y(offset) - corner.1))
      write(
        "<rect x=\"\(corner.0)\" y=\"\(corner.1)\" width=\"\(extent.0)\" "
          + "height=\"\(extent.1)\" fill=\"hsl(\(hue),60%,75%)\"><title>\(escaped(ids[index])): "
          + "\(buffer.size) bytes at \(offset), steps \(buffer.lower) to before \(buffer.upper)"
          + "</title></rect>")
    }
    write("</g>")
    if let capacity {
      write(
        "<path d=\"M\(margin) \(y(capacity))h\(Int(width))\" stroke=\"red\" stroke-width=\"12\"/>")
    }
    write("<text x=\"\(margin)\" y=\"\(y(0) + 300)\">\(first)</text>")
    write(
      "<text x=\"\(margin + Int(width))\" y=\"\(y(0) + 300)\" text-anchor=\"end\">\(last)</text>")
    write("<text x=\"\(margin)\" y=\"\(margin - 150)\">\(solution.height) bytes</text>")
    write("</svg>")
    return text
  }

  private static func escaped(_ name: String) -> String {
    var result = ""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      // Control characters are no part of XML.
      case _ where scalar.value < 0x20 || (0xFFFE...0xFFFF).contains(scalar.value):
        result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
