// SPDX-License-Identifier: Apache-2.0

import GraphIR
public import Planning

/// Writes plans as a PyTorch memory snapshot, for pytorch.org/memory_viz and
/// `torch.cuda._memory_viz`.
///
/// The arena is a segment, and so are the resident tensors behind it; the events are what happens in
/// the arena, storage by storage, a millisecond a step. A frame names the tensor or the step; its
/// line is the step. What outlives the last step is what the segments hold at the end.
public struct MemoryVizEmitter: PlanEmitter {
  public static let kind = "memory-viz"
  public static let summary = "a memory snapshot for pytorch.org/memory_viz"

  public init() {}

  /// - Complexity: O(tensors · log tensors + steps).
  public func bytes(of plan: ExecutionPlan) -> [UInt8] {
    var snapshot = MemorySnapshot(of: plan)
    snapshot.write()
    return snapshot.pickle.bytes
  }
}

/// A snapshot on its way into a pickle.
private struct MemorySnapshot {
  let plan: ExecutionPlan
  let boxes: [ArenaBox]
  var pickle = PickleWriter()
  /// The frames of each box, once they are written.
  private var frames: [PickleWriter.Kept?]
  private let file: String

  /// Where the arena lies: any address that is no null pointer will do.
  private static let base = 1 << 44
  private static let stepMicroseconds = 1000

  init(of plan: ExecutionPlan) {
    self.plan = plan
    boxes = plan.arenaBoxes()
    frames = [PickleWriter.Kept?](repeating: nil, count: boxes.count)
    file = String(plan.model.path.split(separator: "/").last ?? "model").visible
  }

  mutating func write() {
    pickle.beginDictionary()
    pickle.string("segments")
    writeSegments()
    pickle.string("device_traces")
    pickle.beginList()
    writeTrace()
    pickle.endList()
    pickle.string("allocator_settings")
    pickle.beginDictionary()
    pickle.endDictionary()
    pickle.string("external_annotations")
    pickle.beginList()
    pickle.endList()
    pickle.endDictionary()
    pickle.finish()
  }

  // MARK: Events

  private mutating func writeTrace() {
    let count = plan.steps.count
    var deaths: [[Int]] = Array(repeating: [], count: count + 1)
    for (index, box) in boxes.enumerated() { deaths[min(box.life.upperBound, count)].append(index) }
    pickle.beginList()
    writeEvent("segment_alloc", at: 0, address: Self.base, bytes: plan.summary.arenaBytes) {
      $0.pickle.beginList()
      $0.pickle.endList()
    }
    var next = 0
    for step in 0..<max(count, 1) {
      for index in deaths[step] where step < count { writeFree(of: index, at: step) }
      while next < boxes.count, boxes[next].life.lowerBound == step {
        let (index, box) = (next, boxes[next])
        next += 1
        writeEvent("alloc", at: step, address: Self.base + box.offset, bytes: box.bytes) {
          $0.writeFrames(of: index)
        }
      }
    }
    // Only what is live to the end stays; the workspace of the last step does not.
    for index in deaths[count] where !isLeft(boxes[index]) { writeFree(of: index, at: count) }
    pickle.endList()
  }

  private mutating func writeFree(of index: Int, at step: Int) {
    for action in ["free_requested", "free_completed"] {
      let box = boxes[index]
      writeEvent(action, at: step, address: Self.base + box.offset, bytes: box.bytes) {
        $0.writeFrames(of: index)
      }
    }
  }

  private mutating func writeEvent(
    _ action: String, at step: Int, address: Int, bytes: Int,
    frames: (inout MemorySnapshot) -> Void
  ) {
    pickle.beginDictionary()
    pickle.member("action", action)
    pickle.member("addr", address)
    pickle.member("size", bytes)
    pickle.member("stream", 0)
    pickle.member("time_us", step * Self.stepMicroseconds)
    pickle.string("frames")
    frames(&self)
    pickle.endDictionary()
  }

  // MARK: Segments

  /// Whether something is there after the last step.
  private func isLeft(_ box: ArenaBox) -> Bool {
    guard box.life.upperBound >= plan.steps.count, case .tensor = box.owner else { return false }
    return true
  }

  private mutating func writeSegments() {
    pickle.beginList()
    let left = boxes.indices.filter { isLeft(boxes[$0]) }
      .sorted { boxes[$0].offset < boxes[$1].offset }
    let used = left.reduce(0) { $0 + boxes[$1].bytes }
    writeSegment("arena", at: Self.base, bytes: plan.summary.arenaBytes, used: used) { writer in
      var end = 0
      for index in left {
        let box = writer.boxes[index]
        writer.writeGap(from: end, to: box.offset)
        writer.writeBlock(at: Self.base + box.offset, bytes: box.bytes, isActive: true) {
          $0.writeFrames(of: index)
        }
        end = box.offset + box.bytes
      }
      writer.writeGap(from: end, to: writer.plan.summary.arenaBytes)
    }
    let resident = residentTensors()
    let total = resident.reduce(0) { $0 + plan.rounded(plan.tensors[$1].bytes) }
    if total > 0 {
      let start = Self.base + plan.summary.arenaBytes
      writeSegment("resident", at: start, bytes: total, used: total) { writer in
        var address = start
        for index in resident {
          let bytes = writer.plan.rounded(writer.plan.tensors[index].bytes)
          writer.writeBlock(at: address, bytes: bytes, isActive: true) {
            $0.pickle.beginList()
            $0.writeFrame(of: index)
            $0.pickle.endList()
          }
          address += bytes
        }
      }
    }
    pickle.endList()
  }

  /// One tensor of each resident storage, the first of the largest.
  private func residentTensors() -> [Int] {
    var largest: [Int: Int] = [:]
    for (index, tensor) in plan.tensors.enumerated()
    where tensor.space == MemorySpace.resident.rawValue && tensor.bytes > 0 {
      if let other = largest[tensor.storage], plan.tensors[other].bytes >= tensor.bytes { continue }
      largest[tensor.storage] = index
    }
    return largest.values.sorted()
  }

  private mutating func writeSegment(
    _ name: String, at address: Int, bytes: Int, used: Int,
    blocks: (inout MemorySnapshot) -> Void
  ) {
    pickle.beginDictionary()
    pickle.member("device", 0)
    pickle.member("address", address)
    pickle.member("total_size", bytes)
    pickle.member("allocated_size", used)
    pickle.member("active_size", used)
    pickle.member("requested_size", used)
    pickle.member("stream", 0)
    pickle.member("segment_type", "large")
    pickle.string("segment_pool_id")
    pickle.beginTuple()
    pickle.int(0)
    pickle.int(0)
    pickle.endTuple()
    pickle.string("is_expandable")
    pickle.bool(false)
    pickle.string("frames")
    pickle.beginList()
    writeFrame(name, line: 0)
    pickle.endList()
    pickle.string("blocks")
    pickle.beginList()
    blocks(&self)
    pickle.endList()
    pickle.endDictionary()
  }

  private mutating func writeGap(from start: Int, to end: Int) {
    guard start < end else { return }
    writeBlock(at: Self.base + start, bytes: end - start, isActive: false) {
      $0.pickle.beginList()
      $0.pickle.endList()
    }
  }

  private mutating func writeBlock(
    at address: Int, bytes: Int, isActive: Bool, frames: (inout MemorySnapshot) -> Void
  ) {
    pickle.beginDictionary()
    pickle.member("address", address)
    pickle.member("size", bytes)
    pickle.member("requested_size", isActive ? bytes : 0)
    pickle.member("state", isActive ? "active_allocated" : "inactive")
    pickle.string("frames")
    frames(&self)
    pickle.endDictionary()
  }

  // MARK: Frames

  /// What a box is, and which step it is made for; written once for all that happens to it.
  private mutating func writeFrames(of index: Int) {
    if let kept = frames[index] { return pickle.again(kept) }
    let box = boxes[index]
    pickle.beginList()
    switch box.owner {
    case .tensor(let tensor): writeFrame(of: tensor)
    case .workspace: writeFrame("workspace", line: box.life.lowerBound)
    }
    if plan.steps.indices.contains(box.life.lowerBound) {
      let step = plan.steps[box.life.lowerBound]
      writeFrame("\(step.op) \(step.node)", line: box.life.lowerBound)
    }
    pickle.endList()
    frames[index] = pickle.keep()
  }

  private mutating func writeFrame(of tensor: Int) {
    let tensor = plan.tensors[tensor]
    writeFrame("\(tensor.name) \(tensor.typeAndShape)", line: tensor.firstStep)
  }

  private mutating func writeFrame(_ name: String, line: Int) {
    pickle.beginDictionary()
    pickle.member("filename", file)
    pickle.member("name", name.visible)
    pickle.member("line", line)
    pickle.endDictionary()
  }
}
