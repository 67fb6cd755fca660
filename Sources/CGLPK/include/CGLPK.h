// SPDX-License-Identifier: Apache-2.0
#ifndef CGLPK_H
#define CGLPK_H

#include <stdint.h>

// A whole mixed integer program in, a whole answer out. Nothing of glpk.h shows here.
//
// Every index counts from zero. An infinite bound is +-INFINITY. The shim trusts its arrays: what
// GLPK rejects (an index out of range, a row that names a column twice) is an abort inside GLPK,
// which the shim turns into CGLPK_ABORTED.

typedef struct cglpk_size {
  int32_t column_count;
  int32_t row_count;
  int32_t entry_count;      // coefficient triplets, each place of the matrix at most once
  int32_t branching_count;  // columns to branch on before all others
} cglpk_size;

typedef struct cglpk_limits {
  int32_t time_limit_ms;    // INT32_MAX: none
  int32_t memory_limit_mb;  // INT32_MAX: none
  int64_t node_limit;       // INT64_MAX: none
  int64_t iteration_limit;  // simplex iterations of all nodes together; INT64_MAX: none
  double relative_gap;      // stop at this gap; 0: prove the optimum
} cglpk_limits;

typedef enum cglpk_status {
  CGLPK_OPTIMAL = 0,
  CGLPK_FEASIBLE = 1,          // a limit or the gap ended the search; values hold the best point
  CGLPK_INFEASIBLE = 2,
  CGLPK_UNBOUNDED = 3,         // the relaxation has no finite optimum
  CGLPK_STOPPED = 4,           // a limit ended the search before any point was found
  CGLPK_NUMERICAL_FAILURE = 5,
  CGLPK_ABORTED = 6,           // GLPK gave up the way that ends a process; message says why
  CGLPK_NO_RESOURCES = 7       // no memory or no thread for the solve
} cglpk_status;

typedef struct cglpk_result {
  cglpk_status status;
  double objective;            // OPTIMAL and FEASIBLE only
  double best_bound;           // no point is better than this; NaN where nothing is known
  int64_t nodes;
  int64_t iterations;
  char message[512];           // GLPK's last words, or empty
} cglpk_result;

// Solves a program on a thread of its own, so that GLPK's per-thread state (terminal, hooks,
// memory) is neither found nor left behind on the caller's. Blocks until done; may be called from
// several threads at once.
//
// Arrays are parameters of their own so that a caller's arrays can be passed as they are. One
// number a column: `objective`, `column_*`, `start` (a feasible point, or NULL), `values` (written).
// One a row: `row_*`. One a triplet: `entry_*`. One a preferred column, best first:
// `branching_order`.
void cglpk_solve(cglpk_size size, int32_t maximize, double objective_constant,
                 const double *objective, const double *column_lower, const double *column_upper,
                 const uint8_t *column_is_integer, const double *row_lower,
                 const double *row_upper, const int32_t *entry_row, const int32_t *entry_column,
                 const double *entry_value, const int32_t *branching_order, const double *start,
                 cglpk_limits limits, double *values, cglpk_result *result);

// Solves the program in a CPLEX LP file; `size` receives the counts that GLPK read. A file that
// cannot be read or parsed is CGLPK_ABORTED.
void cglpk_solve_lp_file(const char *path, cglpk_limits limits, cglpk_size *size,
                         cglpk_result *result);

#endif
