// SPDX-License-Identifier: Apache-2.0
#include "CGLPK.h"

#include <glpk.h>
#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

// The caller's arrays, as CGLPK.h describes them.
typedef struct program {
  cglpk_size size;
  int32_t maximize;
  double objective_constant;
  const double *objective;
  const double *column_lower;
  const double *column_upper;
  const uint8_t *column_is_integer;
  const double *row_lower;
  const double *row_upper;
  const int32_t *entry_row;
  const int32_t *entry_column;
  const double *entry_value;
  const int32_t *branching_order;
  const double *start;
} program;

// One solve: what it reads, what it writes, and what has to be freed after a jump.
typedef struct job {
  const program *program;  // NULL: read `path` instead
  const char *path;
  cglpk_limits limits;
  cglpk_size *read_size;
  double *values;          // may be NULL
  cglpk_result *result;

  jmp_buf abort_point;
  int64_t deadline_ns;
  int has_point;      // a feasible point is in `values` and `result`
  int limit_reached;  // the callback ended the search
  int start_offered;

  int *matrix_row;  // GLPK's arrays count from one
  int *matrix_column;
  double *matrix_value;
  double *start;
} job;

static int64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

// MARK: Hooks

// GLPK turns terminal output back on before it reports a fatal error; keeping the text here also
// keeps it off stdout.
static int on_output(void *info, const char *text) {
  job *j = info;
  size_t room = sizeof j->result->message - 1;
  size_t used = strlen(j->result->message);
  if (strlen(text) > room - used) used = 0;  // the last words matter most
  strncpy(j->result->message + used, text, room - used);
  j->result->message[room] = '\0';
  return 1;
}

static void on_fatal_error(void *info) {
  job *j = info;
  longjmp(j->abort_point, 1);
}

static void note_bound(glp_tree *tree, job *j) {
  int node = glp_ios_best_node(tree);
  if (node != 0) j->result->best_bound = glp_ios_node_bound(tree, node);
}

static void keep_point(glp_prob *problem, job *j) {
  j->has_point = 1;
  j->result->objective = glp_mip_obj_val(problem);
  if (j->values == NULL) return;
  int count = glp_get_num_cols(problem);
  for (int c = 1; c <= count; c++) j->values[c - 1] = glp_mip_col_val(problem, c);
}

// The first column of the caller's order that is fractional, towards its rounded value.
static void choose_branch(glp_tree *tree, glp_prob *problem, const program *p) {
  for (int32_t k = 0; k < p->size.branching_count; k++) {
    int c = p->branching_order[k] + 1;
    if (!glp_ios_can_branch(tree, c)) continue;
    double value = glp_get_col_prim(problem, c);
    int up = value - floor(value) > 0.5;
    glp_ios_branch_upon(tree, c, up ? GLP_UP_BRNCH : GLP_DN_BRNCH);
    return;
  }
}

static void on_search(glp_tree *tree, void *info) {
  job *j = info;
  glp_prob *problem = glp_ios_get_prob(tree);
  int reason = glp_ios_reason(tree);

  if (reason == GLP_IPREPRO) {
    j->result->nodes++;
    if (j->result->nodes % 64 == 0) note_bound(tree, j);
  }
  if (reason == GLP_IBINGO) keep_point(problem, j);

  // GLPK looks at its own clock between nodes only, and has no other limit.
  if (j->result->nodes > j->limits.node_limit
      || glp_get_it_cnt(problem) > j->limits.iteration_limit || now_ns() > j->deadline_ns) {
    note_bound(tree, j);
    j->limit_reached = 1;
    glp_ios_terminate(tree);
    return;
  }
  if (reason == GLP_IHEUR && j->start != NULL && !j->start_offered) {
    j->start_offered = 1;
    glp_ios_heur_sol(tree, j->start);
  }
  if (reason == GLP_IBRANCH && j->program != NULL) choose_branch(tree, problem, j->program);
}

// MARK: Building

static int bound_kind(double lower, double upper) {
  if (isinf(lower)) return isinf(upper) ? GLP_FR : GLP_UP;
  if (isinf(upper)) return GLP_LO;
  return lower == upper ? GLP_FX : GLP_DB;
}

// Whether memory sufficed.
static int load(glp_prob *problem, job *j) {
  const program *p = j->program;
  glp_set_obj_dir(problem, p->maximize ? GLP_MAX : GLP_MIN);
  glp_set_obj_coef(problem, 0, p->objective_constant);
  if (p->size.column_count > 0) glp_add_cols(problem, p->size.column_count);
  if (p->size.row_count > 0) glp_add_rows(problem, p->size.row_count);
  for (int32_t c = 0; c < p->size.column_count; c++) {
    double lower = p->column_lower[c], upper = p->column_upper[c];
    if (p->column_is_integer[c]) glp_set_col_kind(problem, c + 1, GLP_IV);
    glp_set_col_bnds(problem, c + 1, bound_kind(lower, upper), lower, upper);
    glp_set_obj_coef(problem, c + 1, p->objective[c]);
  }
  for (int32_t r = 0; r < p->size.row_count; r++) {
    double lower = p->row_lower[r], upper = p->row_upper[r];
    glp_set_row_bnds(problem, r + 1, bound_kind(lower, upper), lower, upper);
  }

  size_t count = (size_t)p->size.entry_count + 1;
  j->matrix_row = malloc(count * sizeof *j->matrix_row);
  j->matrix_column = malloc(count * sizeof *j->matrix_column);
  j->matrix_value = malloc(count * sizeof *j->matrix_value);
  if (!j->matrix_row || !j->matrix_column || !j->matrix_value) return 0;
  for (int32_t e = 0; e < p->size.entry_count; e++) {
    j->matrix_row[e + 1] = p->entry_row[e] + 1;
    j->matrix_column[e + 1] = p->entry_column[e] + 1;
    j->matrix_value[e + 1] = p->entry_value[e];
  }
  glp_load_matrix(problem, p->size.entry_count, j->matrix_row, j->matrix_column, j->matrix_value);

  if (p->start != NULL) {
    j->start = malloc(((size_t)p->size.column_count + 1) * sizeof *j->start);
    if (!j->start) return 0;
    j->start[0] = 0;
    memcpy(j->start + 1, p->start, (size_t)p->size.column_count * sizeof *j->start);
  }
  return 1;
}

// MARK: Solving

static int remaining_ms(const job *j) {
  if (j->limits.time_limit_ms == INT32_MAX) return INT_MAX;
  int64_t left = (j->deadline_ns - now_ns()) / 1000000;
  return left < 1 ? 1 : (left > INT_MAX ? INT_MAX : (int)left);
}

static int simplex(glp_prob *problem, const job *j, int method) {
  glp_smcp control;
  glp_init_smcp(&control);
  control.msg_lev = GLP_MSG_OFF;
  control.meth = method;
  control.it_lim =
      j->limits.iteration_limit > INT_MAX ? INT_MAX : (int)j->limits.iteration_limit;
  control.tm_lim = remaining_ms(j);
  return glp_simplex(problem, &control);
}

static int has_ended(glp_prob *problem, int code) {
  if (code == GLP_EITLIM || code == GLP_ETMLIM) return 1;
  if (code != 0) return 0;
  int status = glp_get_status(problem);
  return status == GLP_OPT || status == GLP_NOFEAS || status == GLP_UNBND;
}

// Solves the root relaxation and returns GLPK's code.
static int solve_relaxation(glp_prob *problem, const job *j) {
  glp_scale_prob(problem, GLP_SF_AUTO);
  glp_adv_basis(problem, 0);
  int code = simplex(problem, j, GLP_DUALP);
  if (has_ended(problem, code)) return code;
  // The dual method leaves open whether an unbounded program has a point at all; and where it
  // failed, another method from another basis often does not.
  glp_std_basis(problem);
  return simplex(problem, j, GLP_PRIMAL);
}

static void finish_linear(glp_prob *problem, job *j) {
  cglpk_result *result = j->result;
  result->status = CGLPK_OPTIMAL;
  result->objective = glp_get_obj_val(problem);
  result->best_bound = result->objective;
  if (j->values == NULL) return;
  int count = glp_get_num_cols(problem);
  for (int c = 1; c <= count; c++) j->values[c - 1] = glp_get_col_prim(problem, c);
}

static void search(glp_prob *problem, job *j) {
  cglpk_result *result = j->result;
  glp_iocp control;
  glp_init_iocp(&control);
  control.msg_lev = GLP_MSG_OFF;
  control.presolve = GLP_OFF;  // it has called feasible big-M programs infeasible
  control.tm_lim = remaining_ms(j);
  control.mip_gap = j->limits.relative_gap;
  control.cb_func = on_search;
  control.cb_info = j;
  int code = glp_intopt(problem, &control);
  result->iterations = glp_get_it_cnt(problem);
  int found = glp_mip_status(problem);
  if (found == GLP_OPT || found == GLP_FEAS) keep_point(problem, j);

  if (code == 0 && found == GLP_OPT) {
    result->status = CGLPK_OPTIMAL;
    result->best_bound = result->objective;
  } else if (code == 0 && found == GLP_NOFEAS) {
    result->status = CGLPK_INFEASIBLE;
  } else if (j->has_point) {
    result->status = CGLPK_FEASIBLE;
  } else if (j->limit_reached || code == GLP_ETMLIM || code == GLP_ESTOP) {
    result->status = CGLPK_STOPPED;
  } else {
    result->status = CGLPK_NUMERICAL_FAILURE;
  }
}

static void run(job *j) {
  cglpk_result *result = j->result;
  glp_prob *problem = glp_create_prob();
  if (j->program != NULL) {
    if (!load(problem, j)) {
      result->status = CGLPK_NO_RESOURCES;
      return;
    }
  } else {
    glp_term_out(GLP_ON);  // to the hook, which keeps the parser's complaint
    if (glp_read_lp(problem, NULL, j->path) != 0) {
      result->status = CGLPK_ABORTED;
      return;
    }
    glp_term_out(GLP_OFF);
    result->message[0] = '\0';
    j->read_size->column_count = glp_get_num_cols(problem);
    j->read_size->row_count = glp_get_num_rows(problem);
    j->read_size->entry_count = glp_get_num_nz(problem);
  }

  int code = solve_relaxation(problem, j);
  result->iterations = glp_get_it_cnt(problem);
  if (code == GLP_EITLIM || code == GLP_ETMLIM) {
    result->status = CGLPK_STOPPED;
    return;
  }
  int relaxation = code == 0 ? glp_get_status(problem) : GLP_UNDEF;
  if (relaxation == GLP_NOFEAS) {
    result->status = CGLPK_INFEASIBLE;
  } else if (relaxation == GLP_UNBND) {
    result->status = CGLPK_UNBOUNDED;
  } else if (relaxation != GLP_OPT) {
    result->status = CGLPK_NUMERICAL_FAILURE;
  } else if (glp_get_num_int(problem) == 0) {
    finish_linear(problem, j);
  } else {
    result->best_bound = glp_get_obj_val(problem);
    search(problem, j);
  }
}

static void *guarded(void *info) {
  job *j = info;
  // Without an environment of its own every later call would end the process.
  if (glp_init_env() != 0) {
    j->result->status = CGLPK_NO_RESOURCES;
    return NULL;
  }
  glp_term_out(GLP_OFF);
  glp_term_hook(on_output, j);
  glp_error_hook(on_fatal_error, j);
  if (j->limits.memory_limit_mb != INT32_MAX) glp_mem_limit(j->limits.memory_limit_mb);
  if (setjmp(j->abort_point) == 0) {
    run(j);
  } else {
    j->result->status = CGLPK_ABORTED;
  }
  glp_free_env();  // and with it every object of the solve, finished or not
  return NULL;
}

static void start_job(job *j) {
  cglpk_result *result = j->result;
  result->status = CGLPK_NO_RESOURCES;
  result->objective = NAN;
  result->best_bound = NAN;
  result->nodes = 0;
  result->iterations = 0;
  result->message[0] = '\0';
  j->deadline_ns = j->limits.time_limit_ms == INT32_MAX
                       ? INT64_MAX
                       : now_ns() + (int64_t)j->limits.time_limit_ms * 1000000;
  pthread_t thread;
  if (pthread_create(&thread, NULL, guarded, j) == 0) pthread_join(thread, NULL);
  free(j->matrix_row);
  free(j->matrix_column);
  free(j->matrix_value);
  free(j->start);
}

void cglpk_solve(cglpk_size size, int32_t maximize, double objective_constant,
                 const double *objective, const double *column_lower, const double *column_upper,
                 const uint8_t *column_is_integer, const double *row_lower,
                 const double *row_upper, const int32_t *entry_row, const int32_t *entry_column,
                 const double *entry_value, const int32_t *branching_order, const double *start,
                 cglpk_limits limits, double *values, cglpk_result *result) {
  program p = {size,         maximize,     objective_constant, objective,
               column_lower, column_upper, column_is_integer,  row_lower,
               row_upper,    entry_row,    entry_column,       entry_value,
               branching_order, start};
  job j = {.program = &p, .limits = limits, .values = values, .result = result};
  start_job(&j);
}

void cglpk_solve_lp_file(const char *path, cglpk_limits limits, cglpk_size *size,
                         cglpk_result *result) {
  job j = {.path = path, .limits = limits, .read_size = size, .result = result};
  memset(size, 0, sizeof *size);
  start_job(&j);
}
