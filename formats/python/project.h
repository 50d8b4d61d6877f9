/* Names: projects, files and our paths of files. PEP 503 normalisation, PEP 427 wheel names, PEP 625 sdist
 * names. */
#ifndef FORMATS_PYTHON_PROJECT_H
#define FORMATS_PYTHON_PROJECT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/digest.h"

struct buf;

#define PROJECT_NAME_MAX 214
#define FILENAME_MAX_BYTES 255

/* ^([A-Z0-9]|[A-Z0-9][A-Z0-9._-]*[A-Z0-9])$, case-insensitive, at most PROJECT_NAME_MAX. */
bool project_name_valid(const char *name, size_t len);
/* Lower case, runs of "-_." become "-". out gets the normalised name appended. */
void project_normalize(const char *name, size_t len, struct buf *out);
bool project_name_normalized(const char *name, size_t len);

/* 1..255 bytes of UTF-8 without "/", "\\" and control characters; not "." or "..", no space at an end, and
 * not ending in ".metadata", which names the metadata of another file. */
bool filename_valid(const char *name, size_t len);
bool filename_is_wheel(const char *name);
/* True for the suffix of any distribution format that the official index ever took. */
bool filename_is_distribution(const char *name);
/* The projects (normalised) that may own a file of this name, most likely first: one for a wheel, for
 * "foo-bar-1.0.tar.gz" "foo-bar" then "foo". Calls visit until it returns non-zero; returns that. */
int filename_projects(const char *filename, int (*visit)(void *arg, const char *project), void *arg);

/* A request for a file, taken apart: any of the forms of page.h, with or without a trailing ".metadata". */
enum file_path_kind { FILE_PATH_OFFICIAL, FILE_PATH_SHA256, FILE_PATH_URL };
struct file_path {
    enum file_path_kind kind;
    /* OFFICIAL: BLAKE2b-256 of the file; SHA256: of the file; URL: SHA-256 of the URL */
    struct checksum checksum;
    char project[PROJECT_NAME_MAX + 1];    /* "" for OFFICIAL */
    char filename[FILENAME_MAX_BYTES + 1]; /* decoded, without ".metadata" */
    bool metadata;
};
/* path is the raw path of a request target, percent-encoded, without query. Returns 0, or -1 with a sentence
 * for the client in `error`. */
int file_path_parse(const char *path, size_t len, struct file_path *out, struct buf *error);
/* The canonical form: appends "/packages/..." without ".metadata". */
void file_path_print(const struct file_path *path, struct buf *out);

#endif
