/* For tests of lists: files in a folder of their own, which is the working directory, so that messages say just their
 * names. */
#ifndef TESTS_UNIT_SUPPORT_LIST_CASE_H
#define TESTS_UNIT_SUPPORT_LIST_CASE_H

#include "admin/prefetch/lists/list.h"
#include "base/buf.h"
#include "formats/python/marker.h"

int list_case_setup(void **state); /* of a group */
int list_case_teardown(void **state);

void list_case_write(const char *name, const char *text, size_t len);
#define LIST_CASE_WRITE(name, text) list_case_write(name, text, sizeof(text) - 1)

/* Writes and reads it; fails the test if there is a fault. The wants are for wants_release(). */
void list_case_read(const char *name, const char *text, struct wants *wants);
/* There must be just this fault, whether faults are kept or not. */
void list_case_fault(const char *name, const char *text, const char *fault);
void list_case_fault_n(const char *name, const char *text, size_t len, const char *fault);
/* The images with " | " between them, and what else of them is said: "nginx:1.27 linux/arm64 (images.txt:1)". */
void list_case_images(const struct wants *wants, const char *expected);
/* The packages, "flask 3.0 (uv.lock:4)", with " | " between them. */
void list_case_packages(const struct wants *wants, const char *expected);
void list_case_strings(const struct wants_strings *strings, const char *expected);
/* The projects and versions that apply, "flask 3.0 idna 3.7". */
void list_case_select(const struct wants *wants, const struct marker_environment *environment,
                      const char *expected);

extern const struct marker_environment list_case_linux;   /* Python 3.12.4 on x86_64 */
extern const struct marker_environment list_case_windows; /* Python 3.9.1 on AMD64 */

#endif
