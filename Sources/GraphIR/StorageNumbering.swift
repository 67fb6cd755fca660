// SPDX-License-Identifier: Apache-2.0

/// Where a storage lies in a run of bytes that keeps together.
public struct SlicePlace: Hashable, Sendable {
  /// The number of the run.
  public let family: Int
  /// The distance from its start, in bytes.
  public let offset: Int
}

/// Numbers the storages of a graph: one for each root by itself, one for each cell of a family.
struct StorageNumbering {
  /// The root of each storage, ascending.
  private(set) var roots: [TensorID] = []
  /// The tensor as which a storage is first written.
  private(set) var origins: [TensorID] = []
  /// The bytes of each cell; `nil` for storages of roots by themselves.
  private(set) var cells: [Int?] = []
  /// The place of each cell; `nil` where nothing must keep its distance.
  private(set) var places: [SlicePlace?] = []
  /// Where each tensor's row starts in ``pool``.
  private(set) var start: [Int] = [0]
  /// The storages of each tensor, by address.
  private(set) var pool: [StorageID] = []

  /// - Complexity: O(tensors + members of families · ``SliceFamilies/limit``).
  init(of graph: Graph, root: [TensorID], families: SliceFamilies?) {
    var storageOfRoot = [StorageID?](repeating: nil, count: root.count)
    let members = families?.families ?? []
    // By family and cell, and the same by representative.
    var storageOfCell = members.map { [StorageID?](repeating: nil, count: $0.cells.count) }
    var waiting: [(root: TensorID, family: Int, cell: Int)] = []
    if let families {
      for family in members.indices {
        for (cell, root) in families.representatives(of: family).enumerated() {
          waiting.append((root, family, cell))
        }
      }
      waiting.sort { $0 < $1 }
    }
    var next = 0
    for tensor in graph.tensorIDs where root[tensor.index] == tensor {
      if families?.familyOf[tensor.index] == nil {
        storageOfRoot[tensor.index] = append(root: tensor, origin: tensor)
        continue
      }
      while next < waiting.count, waiting[next].root == tensor {
        let (_, family, index) = waiting[next]
        let (cells, cell) = (members[family].cells, members[family].cells[index])
        // A cell alone may lie anywhere.
        let place =
          cells.count == 1
          ? nil : SlicePlace(family: family, offset: cell.start - cells[0].start)
        storageOfCell[family][index] = append(
          root: tensor, origin: cell.origin, bytes: cell.end - cell.start, place: place)
        next += 1
      }
    }
    start.reserveCapacity(root.count + 1)
    pool.reserveCapacity(root.count)
    for tensor in graph.tensorIDs {
      let root = root[tensor.index]
      if let storage = storageOfRoot[root.index] {
        pool.append(storage)
      } else if let families, let family = families.familyOf[root.index] {
        pool += storageOfCell[family][families.cells(of: root)].compactMap { $0 }
      }
      start.append(pool.count)
    }
  }

  private mutating func append(
    root: TensorID, origin: TensorID, bytes: Int? = nil, place: SlicePlace? = nil
  ) -> StorageID {
    roots.append(root)
    origins.append(origin)
    cells.append(bytes)
    places.append(place)
    return StorageID(roots.count - 1)
  }
}
