/* Keys of what belongs to a project, in the spaces page, json, file and metadata:
 *
 *   project    "flask", normalised                     page, json
 *   release    "flask/3.0.0", as the client spelt it   json
 *   file       "/packages/.../flask-3.0.0.tar.gz"      file, and metadata of that file
 *
 * A file's key is the path by which our pages name it (formats/python/page.h), percent-encoded, without
 * ".metadata". Written by the handlers of proxy/pypi/, by prefetch and by the import of wheels; taken
 * apart by whoever wants a file's name or version of it. */
#ifndef STORAGE_CATALOG_PYPI_KEY_H
#define STORAGE_CATALOG_PYPI_KEY_H

#include "formats/python/project.h"

struct buf;

/* Appends the key of the release, or of the project where version is NULL; with version "", what the keys
 * of all its releases begin with. */
void json_key_print(const char *project, const char *version, struct buf *out);

/* Appends the key of the file, whether its metadata was meant or not. */
void file_key_print(const struct file_path *path, struct buf *out);
/* The key taken apart. Returns 0, or -1 where it is not one. */
int file_key_parse(const char *key, struct file_path *out);
/* Sets `out` to the file's name, decoded. Returns 0, or -1 where it cannot be. */
int file_key_filename(const char *key, struct buf *out);

#endif
