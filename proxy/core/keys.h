/* The keys of the two tables that the whole proxy shares: running fills (fill.h) and hot objects
 * (memcache.h). Each is spelt by one function here, so that all users of a key agree on it.
 *
 * fill table: one key, one fetch that everybody shares
 * function               key                             brings                       joined by
 * fill_key_file          file:/packages/... [late N]     a package file               pypi/file_fill
 * fill_key_metadata      metadata:/packages/....metadata a wheel's METADATA, from     pypi/metadata
 *                                                        an upstream
 * fill_key_extraction    extract:/packages/...           the same out of the wheel    pypi/wheel_metadata
 * fill_key_blob          blob:NAME@DIGEST [late N]       an image's blob              registry/blob
 * fill_key_fetch         fetch:SPACE/KEY                 a document, from upstreams   document/
 * fill_key_load          load:SPACE/KEY                  a document, from the store   document/
 * fill_key_rendition     render:POINTER/VERSION/FORMAT   a rendition of a document    document/rendition
 *
 * memory cache           all are dropped by proxy_forget()
 * function               key                             value                        put and read by
 * memory_key_document    SPACE/KEY                       struct document              document/
 * memory_key_absence     absent:SPACE/KEY                that nobody has it           document/,
 *                                                        (absence.h)                  pypi/file_fill,
 *                                                                                     registry/blob
 * memory_key_small_file  small/packages/...              a small file's whole answer  pypi/files
 * memory_key_metadata    metadata/packages/...           the answer to .metadata      pypi/wheel_metadata
 * memory_key_reference   reference/IMAGE@DIGEST          that the image has the blob  registry/blob_reference
 *
 * SPACE and KEY are those of the store's entries (storage/catalog/spaces.h); documents that are not stored
 * have spaces of their own ("blob head", "manifest head"). No document is of a space called "small",
 * "metadata" or "reference", and none has ":" in it, so no two kinds of key are ever equal.
 *
 * Each function returns heap memory. Keys are never taken apart: the fields of a fill say what it is
 * about. */
#ifndef PROXY_CORE_KEYS_H
#define PROXY_CORE_KEYS_H

/* `path` is our own path of the file, "/packages/..."; of the wheel, where it is about metadata.
 *
 * `late` is 0 for the fill that everybody shares. A request that came too late for bytes that were only
 * passed through gets a fill of its own, numbered by serve_blob(). */
char *fill_key_file(const char *path, unsigned late);
char *fill_key_metadata(const char *path);
char *fill_key_extraction(const char *path);
/* `name` is a registry's if all of its images share the fill, and an image's ("docker.io/library/nginx")
 * where that image must first be shown to have the blob. */
char *fill_key_blob(const char *name, const char *digest, unsigned late);
char *fill_key_fetch(const char *space, const char *key);
char *fill_key_load(const char *space, const char *key);
/* The version is part of it: a request that comes after the document was outdated must not get the rendition
 * of before. */
char *fill_key_rendition(const void *document, int version, int format);

char *memory_key_document(const char *space, const char *key);
char *memory_key_absence(const char *space, const char *key);
char *memory_key_small_file(const char *path);
char *memory_key_metadata(const char *path);
/* `image_blob` is the key of the entry of SPACE_BLOB: "docker.io/library/nginx@sha256:...". */
char *memory_key_reference(const char *image_blob);

#endif
