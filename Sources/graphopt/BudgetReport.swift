// SPDX-License-Identifier: Apache-2.0

import Emitters
import GraphIR
import Planning

/// What `budget` prints of a curve.
struct CurveReport {
  /// What a curve can be written as.
  static let kinds = ["html", "json"]

  let model: String
  let curve: BudgetCurve

  /// The curve as one of ``kinds``.
  func bytes(as kind: String) -> [UInt8] {
    kind == "html" ? BudgetPage(model: model, curve: curve).bytes : json
  }

  var text: String {
    var text =
      "\(model): \(ReportText.size(curve.plainBytes)) by order and layout alone, nothing runs below "
      + "\(ReportText.size(curve.floorBytes)); running it takes "
      + "\(ReportText.operations(curve.flops))\n\n"
    var rows = [
      [
        "budget", "needs", "again", "operations", "spilled", "fetched", "savable", "in any order",
        "time", "how",
      ]
    ]
    for point in curve.points {
      guard let total = point.totalBytes, let price = point.price else {
        rows.append([
          ReportText.size(point.budgetBytes), "-", "", "", "", "", "", "", "", point.outcome,
        ])
        continue
      }
      rows.append([
        ReportText.size(point.budgetBytes), ReportText.size(total),
        ReportText.grouped(price.recomputeSteps), ReportText.operations(price.recomputeFlops),
        ReportText.size(price.spillBytes), ReportText.size(price.fetchBytes),
        ReportText.savable(price.savablePart, without: "-"),
        ReportText.savable(price.savableInAnyOrderPart, without: "-"),
        price.seconds.map { ReportText.seconds($0) } ?? "-",
        point.outcome.split(separator: ":").first.map(String.init) ?? point.outcome,
      ])
    }
    text += ReportText.table(rows, right: [0, 1, 2, 3, 4, 5, 6, 7, 8])
    return text
  }

  var json: [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("floorBytes", curve.floorBytes)
      writer.member("flops", curve.flops)
      writer.member("model", model)
      writer.member("plainBytes", curve.plainBytes)
      writer.key("points")
      writer.lines(curve.points) { writer, point in
        writer.object {
          $0.member("anyOrderBoundSeconds", point.price?.anyOrderBoundSeconds)
          $0.member("baselines", point.baselines)
          $0.member("boundSeconds", point.price?.boundSeconds)
          $0.member("budgetBytes", point.budgetBytes)
          $0.member("compulsoryBytes", point.price?.compulsoryBytes)
          $0.member("fetchBytes", point.price?.fetchBytes)
          $0.member("outcome", point.outcome)
          $0.member("rates", point.price?.rates)
          $0.member("recomputeAnyOrderBoundFlops", point.price?.recomputeAnyOrderBoundFlops)
          $0.member("recomputeBoundFlops", point.price?.recomputeBoundFlops)
          $0.member("recomputeFlops", point.price?.recomputeFlops)
          $0.member("recomputeSteps", point.price?.recomputeSteps)
          $0.member("seconds", point.price?.seconds)
          $0.member("spillBytes", point.price?.spillBytes)
          $0.member("totalBytes", point.totalBytes)
        }
      }
      writer.member("residentBytes", curve.residentBytes)
    }
    writer.newLine()
    return writer.bytes
  }
}

/// What `budget --max-dim` prints.
struct LargestReport {
  let model: String
  let dimension: String
  let budget: ByteCount
  let answer: BudgetCommand.Largest

  var text: String {
    var text: String
    if answer.size == 0 {
      text = "\(model): no size of \(dimension) keeps \(ReportText.size(budget.value))\n\n"
    } else {
      text =
        "\(model): \(dimension)=\(answer.size) needs \(ReportText.size(answer.totalBytes)) of "
        + "\(ReportText.size(budget.value)); no larger size that was planned fits\n\n"
    }
    text += ReportText.table(
      answer.tried.map {
        ["\(dimension)=\($0.size)", ReportText.size($0.totalBytes), $0.fits ? "fits" : "over"]
      }, right: [1])
    return text
  }

  var json: [UInt8] {
    var writer = JSONWriter()
    writer.object { writer in
      writer.member("budgetBytes", budget.value)
      writer.member("dimension", dimension)
      writer.member("model", model)
      writer.member("size", answer.size)
      writer.member("totalBytes", answer.size == 0 ? nil : answer.totalBytes)
      writer.key("tried")
      writer.lines(answer.tried) { writer, entry in
        writer.object {
          $0.member("fits", entry.fits)
          $0.member("size", entry.size)
          $0.member("totalBytes", entry.totalBytes)
        }
      }
    }
    writer.newLine()
    return writer.bytes
  }
}
