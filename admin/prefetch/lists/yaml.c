/* Compose files and Kubernetes manifests. A document with a mapping "services" and no "kind" is a Compose
 * file, all others are searched for lists of containers at any depth, since custom resources of Kubernetes
 * have them anywhere. */
#include <string.h>

#include "admin/prefetch/lists/yaml.h"
#include "base/check.h"
#include "base/text.h"

struct yaml_walk {
    struct list_reader *reader;
    size_t steps; /* see YAML_MAX_STEPS */
};

static int node_fault(struct yaml_walk *walk, const struct yaml_node *node, const char *sentence)
{
    return list_fault(walk->reader, node->line, node->column, "%s", sentence);
}

static const struct yaml_node *yaml_member(struct yaml_walk *walk, const struct yaml_node *map,
                                           const char *key)
{
    const struct yaml_node *merged = NULL;

    if (!map || map->kind != YAML_MAP || walk->steps > YAML_MAX_STEPS)
        return NULL;
    walk->steps++;
    for (size_t i = 0; i < map->count; i += 2, walk->steps++) {
        if (yaml_is(map->items[i], key))
            return map->items[i + 1];
        if (yaml_is(map->items[i], "<<"))
            merged = map->items[i + 1];
    }
    /* "<<": a mapping, or a list of them, that has the members that the mapping itself lacks. */
    if (!merged || merged->kind == YAML_MAP)
        return yaml_member(walk, merged, key);
    const struct yaml_node *found = NULL;
    for (size_t i = 0; merged->kind == YAML_LIST && i < merged->count && !found; i++)
        found = yaml_member(walk, merged->items[i], key);
    return found;
}

/* ---- images ---- */

static void add_yaml_image(struct yaml_walk *walk, const struct yaml_node *node, const char *text, size_t len,
                           const char *platform)
{
    struct buf CLEANUP_BUF fault = BUF_INIT;
    size_t column = 1;

    if (list_image_check(text, len, &fault) == 0) {
        (void)list_add_image(walk->reader, node->line, text, platform);
        return;
    }
    const char *sentence = list_split_column(fault.data, &column);
    list_fault(walk->reader, node->line, node->column, "in character %zu of this image: %s", column,
               sentence);
}

/* ---- Compose ---- */

/* 1 with the text in `out`; 0: a variable is not set, and a note says so; -1: a fault. */
static int interpolated(struct yaml_walk *walk, const struct yaml_node *node, struct buf *out)
{
    struct buf CLEANUP_BUF missing = BUF_INIT;
    struct buf CLEANUP_BUF shown = BUF_INIT;
    int result = compose_interpolate(node->text, node->len, out, &missing);

    if (result < 0)
        return node_fault(walk, node,
                          "expected \"${NAME}\" or \"${NAME:-default}\" after \"$\", found something else");
    if (result == 0) {
        list_add_quoted(node->text, node->len, &shown);
        list_note(walk->reader, node->line, "skipped \"%s\": %s is not set and has no default", shown.data,
                  missing.data);
    }
    return result;
}

static int read_platform(struct yaml_walk *walk, const struct yaml_node *service, struct buf *out)
{
    const struct yaml_node *platform = yaml_member(walk, service, "platform");
    struct buf CLEANUP_BUF fault = BUF_INIT;
    size_t column = 1;

    if (!platform || yaml_is_null(platform))
        return 1;
    if (platform->kind != YAML_TEXT)
        return node_fault(walk, platform, "expected a platform such as \"linux/amd64\", found no string");
    int result = interpolated(walk, platform, out);
    if (result <= 0 || list_platform_check(out->data, out->len, &fault) == 0)
        return result;
    const char *sentence = list_split_column(fault.data, &column);
    return list_fault(walk->reader, platform->line, platform->column, "in character %zu of this platform: %s",
                      column, sentence);
}

static void read_service(struct yaml_walk *walk, const struct yaml_node *name,
                         const struct yaml_node *service)
{
    const struct yaml_node *image = yaml_member(walk, service, "image");
    struct buf CLEANUP_BUF reference = BUF_INIT;
    struct buf CLEANUP_BUF platform = BUF_INIT;
    struct buf CLEANUP_BUF shown = BUF_INIT;

    list_add_quoted(name->text ? name->text : "", name->len, &shown);
    if (yaml_member(walk, service, "extends"))
        list_note(walk->reader, name->line,
                  "the file that the service \"%s\" extends was not read: name it, too", shown.data);
    if (!image || yaml_is_null(image)) {
        if (yaml_member(walk, service, "build"))
            list_note(walk->reader, name->line, "skipped the service \"%s\", which is built and has no image",
                      shown.data);
        return;
    }
    if (image->kind != YAML_TEXT) {
        (void)node_fault(walk, image, "expected the reference of an image, found no string");
        return;
    }
    if (interpolated(walk, image, &reference) > 0 && read_platform(walk, service, &platform) > 0)
        add_yaml_image(walk, image, reference.data, reference.len, platform.len ? platform.data : NULL);
}

static void read_compose(struct yaml_walk *walk, const struct yaml_node *root,
                         const struct yaml_node *services)
{
    const struct yaml_node *include = yaml_member(walk, root, "include");

    if (include)
        list_note(walk->reader, include->line,
                  "the files that this one includes were not read: name them, too");
    for (size_t i = 0; i < services->count && !walk->reader->stopped; i += 2) {
        const struct yaml_node *service = services->items[i + 1];
        CHECK(service);
        if (service->kind == YAML_MAP)
            read_service(walk, services->items[i], service);
        else if (!yaml_is_null(service))
            (void)node_fault(walk, service, "expected the mapping of a service, found none");
    }
}

/* ---- Kubernetes ---- */

/* Recursion is safe, since the height of a tree is limited. `seen` keeps aliases from being searched
 * again: a few dozen nested ones are billions of paths ("billion laughs"). */
static void search_containers(struct yaml_walk *walk, struct yaml_node *node)
{
    if (node->seen || node->kind == YAML_TEXT || walk->reader->stopped)
        return;
    node->seen = true;
    for (size_t i = 0; i < node->count; i++) {
        struct yaml_node *item = node->items[i];
        CHECK(item);
        const struct yaml_node *key = node->kind == YAML_MAP && i % 2 ? node->items[i - 1] : NULL;
        bool containers = key && item->kind == YAML_LIST && !item->listed &&
                          (yaml_is(key, "containers") || yaml_is(key, "initContainers") ||
                           yaml_is(key, "ephemeralContainers"));
        item->listed = item->listed || containers;
        for (size_t k = 0; containers && k < item->count && !walk->reader->stopped; k++) {
            const struct yaml_node *image = yaml_member(walk, item->items[k], "image");
            if (image && image->kind == YAML_TEXT && !yaml_is_null(image))
                add_yaml_image(walk, image, image->text, image->len, NULL);
        }
        search_containers(walk, item);
    }
}

/* ---- documents ---- */

static int read_yaml_document(struct list_reader *reader, struct yaml_node *root)
{
    struct yaml_walk walk = {.reader = reader};
    const struct yaml_node *services = yaml_member(&walk, root, "services");

    /* A custom resource may have "services" of its own: "kind" tells it from a Compose file. */
    if (services && services->kind == YAML_MAP && !yaml_member(&walk, root, "kind"))
        read_compose(&walk, root, services);
    else
        search_containers(&walk, root);
    if (walk.steps > YAML_MAX_STEPS)
        return list_fault(
            reader, root->line, root->column,
            "expected a document that can be read in %d steps, found one with too many merged mappings",
            YAML_MAX_STEPS);
    return 0;
}

int list_read_yaml(struct list_reader *reader, const char *text, size_t len)
{
    /* A file without images is probably the wrong one; a fault or a note has said why already. */
    size_t before = reader->wants->image_count;
    size_t notes = reader->wants->notes.count + reader->wants->faults.count;
    int result = yaml_read(reader, text, len, read_yaml_document);

    if (result == 0 && before == reader->wants->image_count &&
        notes == reader->wants->notes.count + reader->wants->faults.count)
        list_note(reader, 0,
                  "names no image: expected services of a Compose file, or containers of Kubernetes");
    return result;
}
