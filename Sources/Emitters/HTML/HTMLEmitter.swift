// SPDX-License-Identifier: Apache-2.0

public import Planning

/// Writes plans as one page for a browser: the verdict, the arena as a picture of addresses over
/// time, live bytes step by step, tables to sort and search.
///
/// The page loads nothing, from nowhere: style, script and data are in it, and its security policy
/// forbids the rest. Its figures stand there without the script, too; the script draws the pictures
/// and the long tables.
public struct HTMLEmitter: PlanEmitter {
  public static let kind = "html"
  public static let summary = "a page for a browser: the arena over time, live bytes, tables"
  public static let drawsCurves = true

  private let curves: [LiveCurve]

  /// - Parameter curves: The orders that plans are compared to.
  public init(beside curves: [LiveCurve] = []) { self.curves = curves }

  /// - Complexity: O(tensors · log tensors + steps).
  public func bytes(of plan: ExecutionPlan) -> [UInt8] {
    let page = HTMLPage(plan)
    var bytes: [UInt8] = []
    func write(_ text: String) { bytes += text.utf8 }
    write(page.head)
    write("<style>\n")
    bytes += PackageResources.page_css
    write("</style>\n</head>\n<body>\n")
    write(page.body)
    write("<script type=\"application/json\" id=\"data\">")
    bytes += HTMLData(plan, curves).json
    write("</script>\n<script>\n\"use strict\";\n{\n")
    bytes += PackageResources.model_js
    bytes += PackageResources.chart_js
    bytes += PackageResources.tables_js
    write("}\n</script>\n</body>\n</html>\n")
    return bytes
  }
}
