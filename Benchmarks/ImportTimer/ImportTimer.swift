// SPDX-License-Identifier: Apache-2.0
import Glibc
import GraphIR
import Importers

/// Imports a model again and again; prints JSON: nodes, tensors, the least and the middle time of an
/// import in wall seconds, the least in processor seconds, and the most resident bytes of the process
/// before and after.
///
/// Usage: import-timer MODEL TIMES [NAME=SIZE]...
@main
enum ImportTimer {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count > 2, let times = Int(arguments[2]), times > 0 else {
      print("usage: import-timer MODEL TIMES [NAME=SIZE]...")
      exit(64)
    }
    do throws(ImportError) {
      var bindings: [DimensionBinding] = []
      for text in arguments.dropFirst(3) { bindings.append(try DimensionBinding(parsing: text)) }
      let before = peakKibibytes
      var wall: [Double] = []
      var processor: [Double] = []
      var counts = (nodes: 0, tensors: 0)
      for _ in 0..<times {
        let start = (seconds(CLOCK_MONOTONIC), seconds(CLOCK_PROCESS_CPUTIME_ID))
        let graph = try ONNXImporter(bindings: bindings).importGraph(path: arguments[1]).graph
        wall.append(seconds(CLOCK_MONOTONIC) - start.0)
        processor.append(seconds(CLOCK_PROCESS_CPUTIME_ID) - start.1)
        counts = (graph.nodes.count, graph.tensors.count)
      }
      wall.sort()
      print(
        "{\"nodes\": \(counts.nodes), \"tensors\": \(counts.tensors), \"wall\": \(wall[0]), "
          + "\"middle\": \(wall[times / 2]), \"processor\": \(processor.min() ?? 0), "
          + "\"before\": \(before << 10), \"after\": \(peakKibibytes << 10)}")
    } catch {
      print("\(error)")
      exit(65)
    }
  }

  private static func seconds(_ clock: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(clock, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }

  /// The most that was resident: what the kernel counts from the start of this program on, not that
  /// of the process that started it.
  private static var peakKibibytes: Int {
    guard let file = fopen("/proc/self/status", "r") else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 256)
    while fgets(&line, 256, file) != nil {
      let text = String(
        decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      if text.hasPrefix("VmHWM:") { return Int(text.filter(\.isNumber)) ?? 0 }
    }
    return 0
  }
}
