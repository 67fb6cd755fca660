// SPDX-License-Identifier: Apache-2.0

import Glibc

/// Two panels, time and memory over the number of buffers, both with logarithmic axes.
struct ScalingPlot {
  struct Point {
    var buffers: Int
    var seconds: Double
    var mebibytes: Double
  }

  struct Curve {
    var name: String
    var points: [Point]
  }

  let curves: [Curve]

  private static let colours = ["#1b6ca8", "#d1495b", "#3a7d44", "#8d5a97", "#c8791e", "#444444"]
  private static let width = 400.0
  private static let height = 300.0
  private static let margin = 60.0

  var svg: String {
    let size =
      "width=\"\(Int(2 * (Self.width + 2 * Self.margin)))\" height=\"\(Int(Self.height + 2 * Self.margin))\""
    return """
      <svg xmlns="http://www.w3.org/2000/svg" \(size) font-family="sans-serif" font-size="12">
      <rect width="100%" height="100%" fill="white"/>
      \(panel(at: 0, "processor seconds", { $0.seconds }))
      \(panel(at: Self.width + 2 * Self.margin, "MiB", { $0.mebibytes }))
      </svg>

      """
  }

  private func panel(at left: Double, _ title: String, _ value: (Point) -> Double) -> String {
    let points = curves.flatMap(\.points)
    let across = decades(points.map { Double($0.buffers) })
    let up = decades(points.map(value))
    func x(_ number: Double) -> Double {
      let part = (log10(number) - Double(across.lowerBound)) / Double(across.count - 1)
      return left + Self.margin + Self.width * part
    }
    func y(_ number: Double) -> Double {
      let part = (log10(number) - Double(up.lowerBound)) / Double(up.count - 1)
      return Self.margin + Self.height * (1 - part)
    }
    func text(_ text: String, _ x: Double, _ y: Double, _ more: String = "") -> String {
      "<text x=\"\(fixed(x, 1))\" y=\"\(fixed(y, 1))\"\(more)>\(text)</text>\n"
    }
    func stroke(_ points: [(Double, Double)], _ style: String) -> String {
      let path = points.map { "\(fixed($0.0, 1)),\(fixed($0.1, 1))" }.joined(separator: " ")
      return "<polyline points=\"\(path)\" fill=\"none\" \(style)/>\n"
    }
    let bottom = Self.margin + Self.height
    var svg = text(
      "\(title) over buffers", left + Self.margin + Self.width / 2, Self.margin - 20,
      " text-anchor=\"middle\" font-weight=\"bold\"")
    for exponent in across {
      let place = x(pow(10, Double(exponent)))
      svg += stroke([(place, Self.margin), (place, bottom)], "stroke=\"#ddd\"")
      svg += text("10^\(exponent)", place, bottom + 18, " text-anchor=\"middle\"")
    }
    for exponent in up {
      let place = y(pow(10, Double(exponent)))
      svg += stroke(
        [(left + Self.margin, place), (left + Self.margin + Self.width, place)], "stroke=\"#ddd\"")
      svg += text(
        "10^\(exponent)", left + Self.margin - 6, place + 4, " text-anchor=\"end\"")
    }
    for (index, curve) in curves.enumerated() {
      let colour = Self.colours[index % Self.colours.count]
      svg += stroke(
        curve.points.map { (x(Double($0.buffers)), y(value($0))) },
        "stroke=\"\(colour)\" stroke-width=\"2\"")
      svg += text(
        curve.name, left + Self.margin + 10, Self.margin + 18 + 16 * Double(index),
        " fill=\"\(colour)\"")
    }
    return svg
  }

  /// The powers of ten from below the least value to above the greatest.
  private func decades(_ values: [Double]) -> ClosedRange<Int> {
    let low = log10(max(1e-6, values.min() ?? 1)).rounded(.down)
    let high = log10(max(1e-6, values.max() ?? 10)).rounded(.up)
    return Int(low)...max(Int(low) + 1, Int(high))
  }
}
