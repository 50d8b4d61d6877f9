/* Reading a manifest, in order: limits, JSON, the shape of its fields, the type it is served as, its
 * descriptors.
 *
 * A manifest is verified by digest elsewhere; here it is about meaning. Content-Type, mediaType and fields
 * may contradict each other, and then two clients would read two different images from the same bytes
 * (CVE-2021-41190). Such a manifest is refused. Unknown media types are not: artifacts have types of their
 * own, and are told apart by their fields.
 *
 * `out` can be given to manifest_release() at any point. */
#include "formats/oci/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"
#include "formats/oci/image.h"

#define PLATFORM_WORD_MAX_BYTES 64

/* A descriptor is five containers at most: itself, "urls", "platform" and its "os.features", "annotations".
 * Eight for each leaves room for what later specifications add. */
static const struct json_limits limits = {
    .depth = MANIFEST_MAX_DEPTH, .containers = MANIFEST_MAX_DESCRIPTORS * 8, .values = 256 * 1024};

/* ---- media types ---- */

/* By the members that hold the descriptors: "config" and "layers", "blobs", "manifests". Schema 1 has
 * none. */
enum shape { SHAPE_NONE, SHAPE_IMAGE, SHAPE_ARTIFACT, SHAPE_INDEX, SHAPE_SCHEMA1 };

/* The types for Accept, the most wanted first: some servers send the first that they have, so an index comes
 * before the image of one platform. Schema 1 is known, to be refused by name, but not asked for. */
#define WANTED_TYPES(X, SEPARATOR)                                                        \
    X("application/vnd.oci.image.index.v1+json", SHAPE_INDEX)                             \
    SEPARATOR X("application/vnd.docker.distribution.manifest.list.v2+json", SHAPE_INDEX) \
    SEPARATOR X("application/vnd.oci.image.manifest.v1+json", SHAPE_IMAGE)                \
    SEPARATOR X("application/vnd.docker.distribution.manifest.v2+json", SHAPE_IMAGE)      \
    SEPARATOR X("application/vnd.oci.artifact.manifest.v1+json", SHAPE_ARTIFACT)

#define AS_TEXT(name, shape) name
const char manifest_accept[] = WANTED_TYPES(AS_TEXT, ", ");

struct known_type {
    const char *name;
    enum shape shape;
};

#define COMMA ,
#define AS_ROW(name, shape) \
    {                       \
        name, shape         \
    }
static const struct known_type known_types[] = {
    WANTED_TYPES(AS_ROW, COMMA),
    {"application/vnd.docker.distribution.manifest.v1+json", SHAPE_SCHEMA1},
    {"application/vnd.docker.distribution.manifest.v1+prettyjws", SHAPE_SCHEMA1},
};

/* The part before the parameters. */
static const char *bare_type(const char *media_type, size_t *len)
{
    const char *start = media_type;

    *len = strcspn(media_type, ";");
    text_trim(&start, len);
    return start;
}

/* NULL if it is not the type of a manifest. */
static const struct known_type *known_type(const char *media_type)
{
    size_t len = 0;
    const char *bare = media_type ? bare_type(media_type, &len) : NULL;

    for (size_t i = 0; bare && i < sizeof(known_types) / sizeof(known_types[0]); i++)
        if (strlen(known_types[i].name) == len && strncasecmp(known_types[i].name, bare, len) == 0)
            return &known_types[i];
    return NULL;
}

static enum manifest_kind kind_of_shape(enum shape shape)
{
    switch (shape) {
    case SHAPE_IMAGE:
    case SHAPE_ARTIFACT:
        return MANIFEST_IMAGE;
    case SHAPE_INDEX:
        return MANIFEST_INDEX;
    case SHAPE_SCHEMA1:
        return MANIFEST_SCHEMA1;
    case SHAPE_NONE:
        break;
    }
    return MANIFEST_OTHER;
}

enum manifest_kind manifest_kind_of(const char *media_type)
{
    const struct known_type *type = known_type(media_type);

    return type ? kind_of_shape(type->shape) : MANIFEST_OTHER;
}

static bool media_type_valid(const char *text)
{
    size_t len;
    const char *bare = bare_type(text, &len);

    for (const char *c = text; *c; c++)
        if (*c < ' ' || *c > '~')
            return false;
    return strlen(text) <= MEDIA_TYPE_MAX_BYTES && text_is_media_type(bare, len);
}

/* Reads an optional member; *out is untouched if it is not there. Some writers leave it out by writing "" or
 * null. */
static int read_media_type(const json_t *object, const char *name, char **out)
{
    const json_t *value = json_object_get(object, name);

    if (!value || json_is_null(value) || (json_is_string(value) && !json_string_length(value)))
        return 0;
    if (!json_is_string(value) || !media_type_valid(json_string_value(value)))
        return -1;
    *out = xstrdup(json_string_value(value));
    return 0;
}

/* ---- which type it has ---- */

static bool has(const json_t *root, const char *name)
{
    const json_t *value = json_object_get(root, name);

    return value && !json_is_null(value);
}

static int shape_of_fields(const json_t *root, enum shape *out, struct buf *error)
{
    bool image = has(root, "config") || has(root, "layers");
    bool artifact = has(root, "blobs");
    bool index = has(root, "manifests");

    if (image + artifact + index > 1) {
        buf_set(error, "is ambiguous: it has the fields of both an image and an index or artifact");
        return -1;
    }
    *out = image ? SHAPE_IMAGE : artifact ? SHAPE_ARTIFACT : index ? SHAPE_INDEX : SHAPE_NONE;
    return 0;
}

/* An index may be empty, which some write as null, and an artifact may have no blobs. */
static bool fits(const json_t *root, enum shape fields, const struct known_type *type)
{
    if (fields != SHAPE_NONE)
        return fields == type->shape;
    return type->shape == SHAPE_ARTIFACT ||
           (type->shape == SHAPE_INDEX && json_object_get(root, "manifests"));
}

static int check_schema_version(const json_t *root, struct buf *error)
{
    const json_t *version = json_object_get(root, "schemaVersion");

    /* Artifact manifests have none. */
    if (!version || json_is_null(version) || (json_is_integer(version) && json_integer_value(version) == 2))
        return 0;
    if (json_is_integer(version) && json_integer_value(version) == 1)
        buf_set(error,
                "is a schema 1 manifest, whose digest is not that of its bytes: the image must be pushed "
                "again by a current client");
    else
        buf_set(error, "has a schemaVersion that is not 2");
    return -1;
}

/* The type of a manifest that does not say it: OCI's mediaType is optional, Docker's is not. */
static const char *default_type(enum shape fields)
{
    for (size_t i = 0; i < sizeof(known_types) / sizeof(known_types[0]); i++)
        if (known_types[i].shape == fields && strstr(known_types[i].name, "vnd.oci."))
            return known_types[i].name;
    return NULL;
}

/* `type` is claimed by the header or member `who`. NULL: it is missing or not the type of a manifest, which
 * contradicts nothing. */
static int check_type(const json_t *root, enum shape fields, const char *who, const struct known_type *type,
                      struct buf *error)
{
    if (!type || fits(root, fields, type))
        return 0;
    if (type->shape == SHAPE_SCHEMA1)
        buf_set(error, "is a schema 1 manifest by its %s", who);
    else
        buf_set(error, "is %s by its %s, but does not have the fields of one", type->name, who);
    return -1;
}

static int choose_type(const json_t *root, const char *content_type, struct manifest *out, struct buf *error)
{
    const struct known_type *header = known_type(content_type);
    char *CLEANUP_FREE own_type = NULL;
    enum shape fields;
    size_t len;

    if (read_media_type(root, "mediaType", &own_type) < 0 ||
        read_media_type(root, "artifactType", &out->artifact_type) < 0) {
        buf_set(error, "has a mediaType or artifactType that is not a media type");
        return -1;
    }
    const struct known_type *own = known_type(own_type);
    if (check_schema_version(root, error) < 0 || shape_of_fields(root, &fields, error) < 0 ||
        check_type(root, fields, "Content-Type", header, error) < 0 ||
        check_type(root, fields, "mediaType", own, error) < 0)
        return -1;
    const struct known_type *type = header ? header : own;
    if (!type && fields == SHAPE_NONE) {
        buf_set(error, "is JSON, but not a manifest: it has neither layers nor manifests");
        return -1;
    }
    out->kind = kind_of_shape(type ? type->shape : fields);
    const char *name = type ? type->name : own_type ? bare_type(own_type, &len) : default_type(fields);
    out->media_type = type || !own_type ? xstrdup(name) : xstrndup(name, len);
    return 0;
}

/* ---- descriptors ---- */

/* "linux/arm64/v8". NULL if one of the words is missing or could not be put into a message: a strange
 * platform costs the choice by platform, not the image. */
static char *platform_of(const json_t *item)
{
    static const char *const names[] = {"os", "architecture", "variant"};
    const json_t *platform = json_object_get(item, "platform");
    struct buf CLEANUP_BUF text = BUF_INIT;

    for (size_t i = 0; i < 3; i++) {
        const char *word = json_text_member(platform, names[i]);
        if (!word && i == 2)
            break;
        if (!word || strlen(word) > PLATFORM_WORD_MAX_BYTES || !text_is_token(word, strlen(word)))
            return NULL;
        buf_printf(&text, "%s%s", i ? "/" : "", word);
    }
    return buf_take(&text);
}

/* Returns NULL, or the end of a sentence that begins with "... is". */
static const char *read_descriptor(const json_t *item, bool in_index, struct descriptor *out)
{
    const char *digest = json_text_member(item, "digest");
    const json_t *size = json_object_get(item, "size");

    if (!json_is_object(item))
        return "not an object";
    if (read_media_type(item, "mediaType", &out->media_type) < 0)
        return "one with a bad mediaType";
    if (read_media_type(item, "artifactType", &out->artifact_type) < 0)
        return "one with a bad artifactType";
    if (!digest || image_digest_parse(digest, strlen(digest), &out->digest) < 0)
        return "one without a sha256 or sha512 digest";
    out->size_bytes = json_is_integer(size) ? json_integer_value(size) : -1;
    if (out->size_bytes < 0 || out->size_bytes > MANIFEST_MAX_BLOB_BYTES)
        return "one without a size, or with a bad one";
    /* BuildKit's caches are indexes whose entries are layers: those must be asked for as blobs. */
    out->is_manifest = in_index && (!out->media_type || manifest_kind_of(out->media_type) != MANIFEST_OTHER);
    out->elsewhere = json_array_size(json_object_get(item, "urls")) > 0;
    out->platform = platform_of(item);
    return NULL;
}

static int add_descriptor(const json_t *item, const char *name, size_t i, struct manifest *out,
                          struct buf *error)
{
    struct descriptor *descriptor = &out->descriptors[out->descriptor_count++];
    const char *wrong = read_descriptor(item, out->kind == MANIFEST_INDEX, descriptor);

    if (!wrong)
        return 0;
    buf_set(error, "is not a valid manifest: number %zu of its descriptors in \"%s\" is %s", i + 1, name,
            wrong);
    return -1;
}

static int add_descriptor_list(const json_t *root, const char *name, struct manifest *out, struct buf *error)
{
    const json_t *list = json_object_get(root, name);
    const json_t *item;
    size_t i;

    if (has(root, name) && !json_is_array(list)) {
        buf_set(error, "is not a valid manifest: its \"%s\" is not a list", name);
        return -1;
    }
    size_t wanted = out->descriptor_count + json_array_size(list);
    if (wanted > MANIFEST_MAX_DESCRIPTORS) {
        buf_set(error, "has more than %d descriptors", MANIFEST_MAX_DESCRIPTORS);
        return -1;
    }
    if (!wanted)
        return 0;
    out->descriptors = xrealloc(out->descriptors, wanted * sizeof(*out->descriptors));
    /* Zeroed, so that manifest_release() can free the one that a failure leaves half read. */
    memset(out->descriptors + out->descriptor_count, 0, json_array_size(list) * sizeof(*out->descriptors));
    json_array_foreach(list, i, item) if (add_descriptor(item, name, i, out, error) < 0) return -1;
    return 0;
}

static int add_config(const json_t *root, struct manifest *out, struct buf *error)
{
    if (!has(root, "config")) {
        buf_set(error, "is not a valid manifest: it has layers, but no config");
        return -1;
    }
    out->descriptors = xcalloc(1, sizeof(*out->descriptors));
    return add_descriptor(json_object_get(root, "config"), "config", 0, out, error);
}

/* shape_of_fields() and fits() have made sure that only the members of one shape are there. */
static int read_descriptors(const json_t *root, struct manifest *out, struct buf *error)
{
    if (out->kind == MANIFEST_INDEX)
        return add_descriptor_list(root, "manifests", out, error);
    if (has(root, "config") || has(root, "layers"))
        return add_config(root, out, error) < 0 ? -1 : add_descriptor_list(root, "layers", out, error);
    return add_descriptor_list(root, "blobs", out, error);
}

int manifest_parse(const char *body, size_t len, const char *content_type, struct manifest *out,
                   struct buf *error)
{
    memset(out, 0, sizeof(*out));
    json_t *CLEANUP_JSON root = json_read_object(body, len, &limits, error);
    if (!root)
        return -1;
    if (choose_type(root, content_type, out, error) < 0 || read_descriptors(root, out, error) < 0) {
        manifest_release(out);
        return -1;
    }
    return 0;
}

void manifest_release(struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->descriptor_count; i++) {
        free(manifest->descriptors[i].media_type);
        free(manifest->descriptors[i].artifact_type);
        free(manifest->descriptors[i].platform);
    }
    free(manifest->descriptors);
    free(manifest->media_type);
    free(manifest->artifact_type);
    memset(manifest, 0, sizeof(*manifest));
}
