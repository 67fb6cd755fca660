/* SPDX-License-Identifier: Apache-2.0 */
/*
 * graphopt's C interface: plan the memory of a computation graph from any language that speaks C.
 *
 * A graph comes from an ONNX file, from memory, or is built node by node. A plan of it says in which
 * order the nodes run, where in one arena every tensor's bytes lie, and what no order stays below.
 * The layout and the order alone work on plain arrays.
 *
 * Conventions
 *   - Every function that can fail returns a status and, where `error` is not NULL, stores an error
 *     object there: NULL when the call succeeded, else one that the caller frees.
 *   - An object belongs to the caller from the call that returns it to that of its `_free`, which
 *     takes NULL. Objects keep nothing that the caller passed in: strings and arrays are copied.
 *   - Strings that an object returns live as long as the object. They are UTF-8 and end with a zero.
 *   - Sizes and offsets are in bytes. Steps, nodes and tensors count from 0.
 *   - Different objects may be used on different threads at once. One object may be read on several
 *     threads at once, but not while one of them changes it. A cancellation may be used anywhere.
 *   - The same input gives the same result, whatever the number of threads.
 *   - Nothing is printed, no signal or locale is touched, and no state is shared between objects.
 */
#ifndef GRAPHOPT_H
#define GRAPHOPT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this header. Programs built with one version run with every later library of the
 * same major version. */
#define GRAPHOPT_VERSION_MAJOR 1
#define GRAPHOPT_VERSION_MINOR 0

/* The library's version: major * 1000 + minor. */
uint32_t graphopt_version(void);

/* How a call ended. The numbers are the exit statuses of the command. */
typedef enum graphopt_status {
  GRAPHOPT_OK = 0,
  GRAPHOPT_INVALID_ARGUMENT = 64, /* a caller's mistake: a NULL, a name or number that none may be */
  GRAPHOPT_BAD_INPUT = 65,        /* a model, graph or problem that cannot be planned */
  GRAPHOPT_CANNOT_READ = 66,      /* a file that cannot be read */
  GRAPHOPT_INTERNAL = 70,         /* our own check failed: a bug of graphopt */
  GRAPHOPT_CANCELLED = 75         /* the work was cancelled */
} graphopt_status;

typedef struct graphopt_error graphopt_error;
typedef struct graphopt_cancellation graphopt_cancellation;
typedef struct graphopt_options graphopt_options;
typedef struct graphopt_graph graphopt_graph;
typedef struct graphopt_plan graphopt_plan;
typedef struct graphopt_bytes graphopt_bytes;

/* ---- Errors ------------------------------------------------------------------------------------ */

/* What kind of error it is. */
graphopt_status graphopt_error_status(const graphopt_error *error);
/* One sentence that names what is wrong and where. */
const char *graphopt_error_message(const graphopt_error *error);
void graphopt_error_free(graphopt_error *error);

/* ---- Cancellation ------------------------------------------------------------------------------ */

graphopt_cancellation *graphopt_cancellation_create(void);
/* Ends the work that has this object in its options, soon; may be called on any thread, before the
 * work starts too. What is cancelled stays cancelled. */
void graphopt_cancellation_cancel(graphopt_cancellation *cancellation);
void graphopt_cancellation_free(graphopt_cancellation *cancellation);

/* ---- Options ----------------------------------------------------------------------------------- */

/* How to import and plan. NULL stands for options as they are created. */
graphopt_options *graphopt_options_create(void);
void graphopt_options_free(graphopt_options *options);

/* What resident bytes and the arena together may need; none unless set. */
graphopt_status graphopt_options_set_budget(
    graphopt_options *options, uint64_t bytes, graphopt_error **error);
/* "off", "on" or "auto" (unless set): whether nodes may run again to keep the budget; "on" where only
 * what is "on" may be done. */
graphopt_status graphopt_options_set_recompute(
    graphopt_options *options, const char *choice, graphopt_error **error);
/* "off", "on", "auto" (unless set) or "weights": whether tensors may wait in a second memory to keep
 * the budget; with "weights", weights and optimizer state are at home there. */
graphopt_status graphopt_options_set_spill(
    graphopt_options *options, const char *choice, graphopt_error **error);
/* How many floating-point operations a second run, and how many bytes a second move between the
 * memories each way, by which both are weighed against each other; 0 for what is not known. */
graphopt_status graphopt_options_set_speeds(
    graphopt_options *options, double flops_per_second, double bytes_per_second,
    graphopt_error **error);
/* What every size and offset is a multiple of: a power of two; 64 unless set. */
graphopt_status graphopt_options_set_alignment(
    graphopt_options *options, uint64_t alignment, graphopt_error **error);
/* "none", "safe" (unless set) or "ort": which views and in-place results are used. */
graphopt_status graphopt_options_set_inplace(
    graphopt_options *options, const char *mode, graphopt_error **error);
/* "arena" (unless set) or "external": whether inputs and outputs are in the arena. */
graphopt_status graphopt_options_set_io(
    graphopt_options *options, const char *placement, graphopt_error **error);
/* "auto" (unless set), or one order by its name. */
graphopt_status graphopt_options_set_order(
    graphopt_options *options, const char *order, graphopt_error **error);
/* "auto" (unless set), or one layout planner by its name. */
graphopt_status graphopt_options_set_layout(
    graphopt_options *options, const char *layout, graphopt_error **error);
/* "candidates", "quick" or "standard" (unless set): how far to search. */
graphopt_status graphopt_options_set_effort(
    graphopt_options *options, const char *effort, graphopt_error **error);
/* When the search for an order stops; never unless set. With it, and only with it, the machine's
 * speed decides how good the result is. */
graphopt_status graphopt_options_set_time_limit(
    graphopt_options *options, uint64_t milliseconds, graphopt_error **error);
/* The number of threads, at least 1, which it is unless set. */
graphopt_status graphopt_options_set_jobs(
    graphopt_options *options, uint32_t jobs, graphopt_error **error);
/* Binds a dynamic dimension of a model: its name, or "input:axis". */
graphopt_status graphopt_options_bind(
    graphopt_options *options, const char *dimension, uint64_t size, graphopt_error **error);
/* Says how large a tensor can be whose size only running the model tells. */
graphopt_status graphopt_options_bound(
    graphopt_options *options, const char *tensor, const uint64_t *shape, size_t rank,
    graphopt_error **error);
/* Work with these options ends when the cancellation is used. The options keep what they need of it;
 * NULL undoes it. */
graphopt_status graphopt_options_set_cancellation(
    graphopt_options *options, graphopt_cancellation *cancellation, graphopt_error **error);
/* Called at the start of each stage of planning, on the thread that plans, with `context` as it was
 * given; NULL undoes it. */
graphopt_status graphopt_options_set_progress(
    graphopt_options *options, void (*progress)(void *context, const char *stage), void *context,
    graphopt_error **error);

/* ---- Graphs ------------------------------------------------------------------------------------ */

/* Imports an ONNX file. Weights are never read. */
graphopt_status graphopt_graph_from_file(
    const char *path, const graphopt_options *options, graphopt_graph **graph,
    graphopt_error **error);
/* Imports an ONNX model in memory. */
graphopt_status graphopt_graph_from_memory(
    const void *bytes, size_t size, const graphopt_options *options, graphopt_graph **graph,
    graphopt_error **error);
/* Makes an empty graph to build on. */
graphopt_status graphopt_graph_create(
    const char *name, graphopt_graph **graph, graphopt_error **error);
void graphopt_graph_free(graphopt_graph *graph);

/* What a tensor is for. */
typedef enum graphopt_role {
  GRAPHOPT_ROLE_ACTIVATION = 0,
  GRAPHOPT_ROLE_INPUT = 1,
  GRAPHOPT_ROLE_OUTPUT = 2,
  GRAPHOPT_ROLE_WEIGHT = 3,          /* resident */
  GRAPHOPT_ROLE_OPTIMIZER_STATE = 4, /* resident */
  GRAPHOPT_ROLE_GRADIENT = 5,
  GRAPHOPT_ROLE_TEMPORARY = 6,
  GRAPHOPT_ROLE_CONSTANT = 7         /* resident */
} graphopt_role;

/* Adds a dense tensor. Inputs and outputs become those of the graph, in the order of the calls.
 * `element_type` is a name such as "float32". */
graphopt_status graphopt_graph_add_tensor(
    graphopt_graph *graph, const char *name, const char *element_type, const uint64_t *shape,
    size_t rank, graphopt_role role, uint32_t *tensor, graphopt_error **error);
/* Adds a tensor of which only the size is known. */
graphopt_status graphopt_graph_add_buffer(
    graphopt_graph *graph, const char *name, uint64_t bytes, graphopt_role role, uint32_t *tensor,
    graphopt_error **error);

/* How an output's bytes relate to an input's. */
typedef enum graphopt_effect_kind {
  GRAPHOPT_EFFECT_ALIAS = 0,         /* the output is a view of the input, always */
  GRAPHOPT_EFFECT_MAY_ALIAS = 1,     /* the output can be a view of the input */
  GRAPHOPT_EFFECT_MAY_OVERWRITE = 2, /* the output may be written over the input if that dies here */
  GRAPHOPT_EFFECT_MUST_OVERWRITE = 3 /* the node updates the input in place, always */
} graphopt_effect_kind;

typedef struct graphopt_effect {
  graphopt_effect_kind kind;
  uint32_t output; /* a position among the node's outputs */
  uint32_t input;  /* a position among the node's inputs */
} graphopt_effect;

/* An absent operand. */
#define GRAPHOPT_ABSENT UINT32_MAX

/* Adds a node behind all others; what it reads must be there. */
graphopt_status graphopt_graph_add_node(
    graphopt_graph *graph, const char *name, const char *op_type, const uint32_t *inputs,
    size_t input_count, const uint32_t *outputs, size_t output_count,
    const graphopt_effect *effects, size_t effect_count, uint64_t workspace_bytes, uint32_t *node,
    graphopt_error **error);
/* Demands that one node runs before another that was added later. */
graphopt_status graphopt_graph_add_dependency(
    graphopt_graph *graph, uint32_t before, uint32_t after, graphopt_error **error);

size_t graphopt_graph_node_count(const graphopt_graph *graph);
size_t graphopt_graph_tensor_count(const graphopt_graph *graph);
/* A 64-bit hash of the graph without its weights' data. */
uint64_t graphopt_graph_fingerprint(const graphopt_graph *graph);

/* ---- Plans ------------------------------------------------------------------------------------- */

/* Plans a graph. Being over the budget is an answer, not an error. */
graphopt_status graphopt_plan_create(
    const graphopt_graph *graph, const graphopt_options *options, graphopt_plan **plan,
    graphopt_error **error);
/* Plans a graph that differs a little from one that was planned, and keeps of that plan what still
 * holds. The result is as good as that of graphopt_plan_create; where it would not be, it is that. */
graphopt_status graphopt_plan_update(
    const graphopt_plan *previous, const graphopt_graph *graph, const graphopt_options *options,
    graphopt_plan **plan, graphopt_error **error);
/* Reads a plan as the command writes it. */
graphopt_status graphopt_plan_from_json(
    const char *json, size_t size, graphopt_plan **plan, graphopt_error **error);
void graphopt_plan_free(graphopt_plan *plan);

/* Derives everything in a plan anew from a graph, by code that shares nothing with the planner. */
graphopt_status graphopt_plan_check(
    const graphopt_plan *plan, const graphopt_graph *graph, graphopt_error **error);

/* The answer in numbers. */
typedef struct graphopt_summary {
  int32_t has_budget;        /* whether there is a budget */
  int32_t fits;              /* whether `total_bytes` is within it; 1 without one */
  int32_t is_proven_optimal; /* whether the arena equals the bound */
  uint32_t peak_step;        /* the first step at which `peak_bytes` are live */
  uint64_t budget_bytes;
  uint64_t total_bytes;       /* resident bytes and the arena */
  uint64_t resident_bytes;    /* weights, constants, optimizer state */
  uint64_t external_bytes;    /* inputs and outputs that the caller owns */
  uint64_t arena_bytes;       /* the size to allocate */
  uint64_t peak_bytes;        /* the most bytes live at any step */
  uint64_t lower_bound_bytes; /* what no order stays below */
  uint64_t second_bytes;      /* the size of the second memory */
  uint64_t recompute_steps;   /* how many steps run a node once more */
  uint64_t recompute_flops;   /* their floating-point operations */
  uint64_t spill_bytes;       /* what is copied to the second memory */
  uint64_t fetch_bytes;       /* what is copied back from it */
} graphopt_summary;

void graphopt_plan_summary(const graphopt_plan *plan, graphopt_summary *summary);

/* No offset: the tensor or workspace has no place in the arena. */
#define GRAPHOPT_NO_OFFSET UINT64_MAX

/* What a step does. */
typedef enum graphopt_step_kind {
  GRAPHOPT_STEP_RUN = 0,       /* runs a node for the first time */
  GRAPHOPT_STEP_RECOMPUTE = 1, /* runs a node once more */
  GRAPHOPT_STEP_SPILL = 2,     /* copies a storage from the arena to the second memory */
  GRAPHOPT_STEP_FETCH = 3      /* copies it back, possibly to another offset */
} graphopt_step_kind;

typedef struct graphopt_step {
  graphopt_step_kind kind;
  uint32_t node;             /* the node, as graphopt_graph_add_node numbers it, or GRAPHOPT_ABSENT */
  const char *name;          /* its name; of a spill or fetch, that of the tensor copied */
  uint32_t storage;          /* the storage copied, or GRAPHOPT_ABSENT */
  uint32_t reserved;         /* 0 */
  uint64_t live_bytes;       /* the bytes live in the arena during the step */
  uint64_t workspace_bytes;  /* scratch of the step */
  uint64_t workspace_offset; /* where that lies, or GRAPHOPT_NO_OFFSET */
} graphopt_step;

size_t graphopt_plan_step_count(const graphopt_plan *plan);
graphopt_status graphopt_plan_step(
    const graphopt_plan *plan, size_t index, graphopt_step *step, graphopt_error **error);
/* The nodes in the order in which they first run; `capacity` is that of `nodes`. */
graphopt_status graphopt_plan_order(
    const graphopt_plan *plan, uint32_t *nodes, size_t capacity, graphopt_error **error);

/* Where a tensor lives. */
typedef enum graphopt_space {
  GRAPHOPT_SPACE_ARENA = 0,
  GRAPHOPT_SPACE_RESIDENT = 1,
  GRAPHOPT_SPACE_EXTERNAL = 2,
  GRAPHOPT_SPACE_SECOND = 3 /* fetched from the second memory when it is used */
} graphopt_space;

typedef struct graphopt_placement {
  const char *name;
  graphopt_space space;
  uint32_t storage;    /* tensors of one storage share their bytes */
  uint64_t bytes;      /* the tensor's size */
  uint64_t offset;     /* from the start of the arena; GRAPHOPT_NO_OFFSET outside it and for storages
                        * that are at several places in turn: see graphopt_plan_stay */
  uint32_t first_step; /* the step that makes it; 0 for what is there from the start */
  uint32_t last_step;  /* the last step that uses it */
} graphopt_placement;

/* Tensors are numbered as graphopt_graph_add_tensor does. */
size_t graphopt_plan_tensor_count(const graphopt_plan *plan);
graphopt_status graphopt_plan_tensor(
    const graphopt_plan *plan, size_t index, graphopt_placement *placement, graphopt_error **error);

/* A storage at one place in the arena, from one step to another. Plans without steps of other kinds
 * than GRAPHOPT_STEP_RUN have one stay a storage. */
typedef struct graphopt_stay {
  uint32_t storage;
  uint32_t first_step;
  uint32_t last_step;
  uint32_t reserved; /* 0 */
  uint64_t offset;
  uint64_t bytes;
} graphopt_stay;

size_t graphopt_plan_stay_count(const graphopt_plan *plan);
graphopt_status graphopt_plan_stay(
    const graphopt_plan *plan, size_t index, graphopt_stay *stay, graphopt_error **error);

/* The plan in a form that the command writes too: "json", "text", "html", ... */
graphopt_status graphopt_plan_emit(
    const graphopt_plan *plan, const char *format, graphopt_bytes **bytes, graphopt_error **error);
const void *graphopt_bytes_data(const graphopt_bytes *bytes);
size_t graphopt_bytes_size(const graphopt_bytes *bytes);
void graphopt_bytes_free(graphopt_bytes *bytes);

/* ---- The layout alone -------------------------------------------------------------------------- */

typedef struct graphopt_buffer {
  uint64_t size;
  uint64_t first_step;   /* the first step of its life */
  uint64_t end_step;     /* the first step after it */
  uint64_t alignment;    /* a power of two; 0 stands for 1 */
  uint64_t fixed_offset; /* where it has to lie, or GRAPHOPT_NO_OFFSET */
} graphopt_buffer;

typedef struct graphopt_layout_result {
  uint64_t height_bytes;      /* the arena that the layout needs */
  uint64_t lower_bound_bytes; /* what no layout stays below */
} graphopt_layout_result;

/* Gives each of `count` buffers an offset, so that no two share a byte while both live and the
 * highest end is low. Of the options, layout, time limit and cancellation are used. */
graphopt_status graphopt_layout(
    const graphopt_buffer *buffers, size_t count, const graphopt_options *options,
    uint64_t *offsets, graphopt_layout_result *result, graphopt_error **error);

/* ---- The order alone --------------------------------------------------------------------------- */

typedef struct graphopt_value {
  uint64_t bytes;
  uint32_t producer;      /* the node that makes it, or GRAPHOPT_ABSENT: live from the start */
  int32_t is_output;      /* whether it stays live to the end */
  const uint32_t *users;  /* the nodes that read it */
  size_t user_count;
} graphopt_value;

typedef struct graphopt_order_result {
  uint64_t peak_bytes;
  uint64_t lower_bound_bytes; /* what no order stays below */
} graphopt_order_result;

/* Orders `node_count` nodes so that few bytes are live at once; node numbers have to be in an order
 * of execution. Of the options, alignment (1 unless set), effort, order, time limit, jobs and
 * cancellation are used. */
graphopt_status graphopt_order(
    size_t node_count, const graphopt_value *values, size_t value_count,
    const graphopt_options *options, uint32_t *order, graphopt_order_result *result,
    graphopt_error **error);

#ifdef __cplusplus
}
#endif

#endif
