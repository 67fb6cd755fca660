/* SPDX-License-Identifier: Apache-2.0
 *
 * Plans the memory of a graph that is built in code: a diamond of four nodes, one of them in place.
 * Prints the order, where every tensor lies, and what no order stays below.
 *
 *   cc Examples/embed.c $(pkg-config --cflags --libs graphopt) -o embed && ./embed
 */
#include <graphopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void require(graphopt_status status, graphopt_error *error) {
  if (status == GRAPHOPT_OK) return;
  fprintf(stderr, "embed: %s\n", error ? graphopt_error_message(error) : "no message");
  graphopt_error_free(error);
  exit(1);
}

static uint32_t tensor(graphopt_graph *graph, const char *name, uint64_t rows, graphopt_role role) {
  const uint64_t shape[] = {rows, 256};
  uint32_t id;
  graphopt_error *error;
  require(graphopt_graph_add_tensor(graph, name, "float32", shape, 2, role, &id, &error), error);
  return id;
}

static void node(
    graphopt_graph *graph, const char *op_type, const uint32_t *inputs, size_t count,
    uint32_t output, const graphopt_effect *effect) {
  graphopt_error *error;
  require(
      graphopt_graph_add_node(
          graph, op_type, op_type, inputs, count, &output, 1, effect, effect ? 1 : 0, 0, NULL,
          &error),
      error);
}

int main(void) {
  graphopt_error *error;
  graphopt_graph *graph;
  require(graphopt_graph_create("diamond", &graph, &error), error);
  const uint32_t x = tensor(graph, "x", 64, GRAPHOPT_ROLE_INPUT);
  const uint32_t w = tensor(graph, "w", 256, GRAPHOPT_ROLE_WEIGHT);
  const uint32_t wide = tensor(graph, "wide", 512, GRAPHOPT_ROLE_ACTIVATION);
  const uint32_t narrow = tensor(graph, "narrow", 64, GRAPHOPT_ROLE_ACTIVATION);
  const uint32_t small = tensor(graph, "small", 64, GRAPHOPT_ROLE_ACTIVATION);
  const uint32_t y = tensor(graph, "y", 64, GRAPHOPT_ROLE_OUTPUT);
  const graphopt_effect in_place = {GRAPHOPT_EFFECT_MAY_OVERWRITE, 0, 0};
  node(graph, "MatMul", (const uint32_t[]){x, w}, 2, narrow, NULL);
  node(graph, "Expand", (const uint32_t[]){x}, 1, wide, NULL);
  node(graph, "Reduce", (const uint32_t[]){wide}, 1, small, NULL);
  node(graph, "Add", (const uint32_t[]){narrow, small}, 2, y, &in_place);

  graphopt_options *options = graphopt_options_create();
  require(graphopt_options_set_budget(options, 1 << 20, &error), error);
  graphopt_plan *plan;
  require(graphopt_plan_create(graph, options, &plan, &error), error);
  require(graphopt_plan_check(plan, graph, &error), error);

  graphopt_summary summary;
  graphopt_plan_summary(plan, &summary);
  printf(
      "%s: %" PRIu64 " bytes of arena, no order needs less than %" PRIu64 "\n",
      summary.fits ? "fits" : "does not fit", summary.arena_bytes, summary.lower_bound_bytes);
  for (size_t index = 0; index < graphopt_plan_step_count(plan); index++) {
    graphopt_step step;
    require(graphopt_plan_step(plan, index, &step, &error), error);
    printf("  step %zu: %-6s  %" PRIu64 " bytes live\n", index, step.name, step.live_bytes);
  }
  for (size_t index = 0; index < graphopt_plan_tensor_count(plan); index++) {
    graphopt_placement place;
    require(graphopt_plan_tensor(plan, index, &place, &error), error);
    if (place.offset == GRAPHOPT_NO_OFFSET) continue;
    printf(
        "  %-6s  bytes %" PRIu64 "..<%" PRIu64 "  steps %" PRIu32 "...%" PRIu32 "\n", place.name,
        place.offset, place.offset + place.bytes, place.first_step, place.last_step);
  }
  graphopt_plan_free(plan);
  graphopt_options_free(options);
  graphopt_graph_free(graph);
  return 0;
}
