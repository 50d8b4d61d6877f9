/* What most tests of the fetch engine need: a fetcher, a sink, and up to four scripted servers, each an
 * upstream. */
#ifndef TESTS_FETCH_CASE_H
#define TESTS_FETCH_CASE_H

#include "tests/unit/support/fetch_sink.h"
#include "tests/unit/support/scripted_server.h"

#define CASE_BYTES 300000

struct fetch_case {
    struct fetcher *fetcher;
    struct sink sink;
    char *bytes; /* the right content, CASE_BYTES long */
    struct scripted_server *servers[SINK_CANDIDATES_MAX];
    struct upstream *upstreams[SINK_CANDIDATES_MAX];
    struct fetch_candidate candidates[SINK_CANDIDATES_MAX];
    size_t count;
    int timeout_s;                /* of upstreams to be added; long, unless the test is about it */
    struct fetch_options options; /* of the next fetch */
};

/* cmocka's set-up and tear-down; *state is the case. */
int case_setup(void **state);
int case_teardown(void **state);
/* Adds a server whose request->arg is the case, with its upstream and candidate ("/object"). Returns its
 * index. */
size_t case_add(struct fetch_case *c, scripted_answer *answer);
struct fetch *case_start(struct fetch_case *c);
/* Starts, and waits for the end. */
enum fetch_outcome case_run(struct fetch_case *c);
/* Makes the sink ready for another fetch. */
void case_again(struct fetch_case *c);

/* Answers: the right content with ranges; statuses. */
bool serve_right(struct scripted_request *request);
bool serve_404(struct scripted_request *request);
bool serve_500(struct scripted_request *request);
/* Sends a 200 with the true length, half of the bytes, and closes. */
bool serve_half(struct scripted_request *request);

#endif
