/* From Python's values to the engine's, and back. */
#include "orders.h"

#include <string.h>

static const char PROMPT[] = "media.engine.core.prompt";

static int read_integer(PyObject *order, const char *name, long long least, long long most,
                        long long *value)
{
    PyObject *attribute = PyObject_GetAttrString(order, name);
    if (!attribute)
        return -1;
    *value = PyLong_AsLongLong(attribute);
    Py_DECREF(attribute);
    if (*value == -1 && PyErr_Occurred())
        return -1;
    if (*value < least || *value > most) {
        PyErr_Format(PyExc_ValueError, "%s: %lld is not in %lld..%lld", name, *value, least,
                     most);
        return -1;
    }
    return 0;
}

/* As read_integer; None leaves the value as it is. */
static int read_optional(PyObject *order, const char *name, long long most, int *value)
{
    long long given;
    PyObject *attribute = PyObject_GetAttrString(order, name);
    if (!attribute)
        return -1;
    bool none = attribute == Py_None;
    Py_DECREF(attribute);
    if (none)
        return 0;
    if (read_integer(order, name, 0, most, &given) < 0)
        return -1;
    *value = (int)given;
    return 0;
}

static int read_truth(PyObject *order, const char *name, bool *value)
{
    PyObject *attribute = PyObject_GetAttrString(order, name);
    if (!attribute)
        return -1;
    int truth = PyObject_IsTrue(attribute);
    Py_DECREF(attribute);
    *value = truth > 0;
    return truth < 0 ? -1 : 0;
}

static int read_endpoint(PyObject *order, const char *name, bool *given,
                         struct endpoint *endpoint)
{
    const char *host;
    int port, result = -1;
    PyObject *attribute = PyObject_GetAttrString(order, name);
    if (!attribute)
        return -1;
    *given = attribute != Py_None;
    if (!*given)
        result = 0;
    else if (!PyTuple_Check(attribute))
        PyErr_Format(PyExc_TypeError, "%s: a tuple of host and port, or None", name);
    else if (PyArg_ParseTuple(attribute, "si", &host, &port)) {
        if (endpoint_parse(endpoint, host, port))
            result = 0;
        else
            PyErr_Format(PyExc_ValueError, "%s: not an IP address and a port: %R", name,
                         attribute);
    }
    Py_DECREF(attribute);
    return result;
}

/* A tuple of at most so many items, as a new reference. */
static PyObject *read_tuple(PyObject *order, const char *name, Py_ssize_t most)
{
    PyObject *attribute = PyObject_GetAttrString(order, name);
    if (!attribute)
        return NULL;
    if (PyTuple_Check(attribute) && PyTuple_GET_SIZE(attribute) <= most)
        return attribute;
    PyErr_Format(PyExc_ValueError, "%s: a tuple of at most %zd", name, most);
    Py_DECREF(attribute);
    return NULL;
}

static int read_trusted(struct plan *plan, PyObject *order)
{
    int result = 0;
    PyObject *networks = read_tuple(order, "trusted", MAX_TRUSTED);
    if (!networks)
        return -1;
    plan->trusted_count = (int)PyTuple_GET_SIZE(networks);
    for (int i = 0; i < plan->trusted_count && result == 0; i++) {
        PyObject *item = PyTuple_GET_ITEM(networks, i);
        const char *text = PyUnicode_Check(item) ? PyUnicode_AsUTF8(item) : NULL;
        if (text && network_parse(&plan->trusted[i], text))
            continue;
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_ValueError, "trusted: not a network: %R", item);
        result = -1;
    }
    Py_DECREF(networks);
    return result;
}

/* A Secret of media.engine.plan, or None. */
static int read_secret(PyObject *order, const char *name, struct secret *secret)
{
    long long suite;
    PyObject *given = PyObject_GetAttrString(order, name);
    if (!given)
        return -1;
    if (given == Py_None) {
        Py_DECREF(given);
        return 0;
    }
    int result = -1;
    PyObject *key = PyObject_GetAttrString(given, "key");
    if (key && read_integer(given, "suite", AES_128_80, AES_256_32, &suite) == 0) {
        size_t size = suite_key_size((enum suite)suite);
        if (PyBytes_Check(key) && (size_t)PyBytes_GET_SIZE(key) == size) {
            secret->suite = (enum suite)suite;
            memcpy(secret->key, PyBytes_AS_STRING(key), size);
            result = 0;
        } else {
            PyErr_Format(PyExc_ValueError, "%s: its key is not of %zu bytes", name, size);
        }
    }
    Py_XDECREF(key);
    Py_DECREF(given);
    return result;
}

static int read_accepts(struct plan *plan, PyObject *order)
{
    PyObject *pairs = read_tuple(order, "accepts", 128);
    if (!pairs)
        return -1;
    memset(plan->accepts, NO_CODEC, sizeof plan->accepts);
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(pairs); i++) {
        int type, codec;
        PyObject *pair = PyTuple_GET_ITEM(pairs, i);
        bool good = PyTuple_Check(pair) && PyArg_ParseTuple(pair, "ii", &type, &codec) &&
                    type >= 0 && type < 128 && (codec == PCMU || codec == PCMA);
        if (!good) {
            if (!PyErr_Occurred())
                PyErr_Format(PyExc_ValueError, "accepts: not a payload type and a codec: %R",
                             pair);
            Py_DECREF(pairs);
            return -1;
        }
        plan->accepts[type] = (uint8_t)codec;
    }
    Py_DECREF(pairs);
    return 0;
}

static void prompt_forget(PyObject *capsule)
{
    prompt_release(PyCapsule_GetPointer(capsule, PROMPT));
}

PyObject *prompt_new(int number, const void *samples, size_t size)
{
    struct prompt *prompt = malloc(sizeof *prompt + size);
    if (!prompt)
        return PyErr_NoMemory();
    prompt->number = number;
    atomic_init(&prompt->uses, 1);
    prompt->size = size;
    memcpy(prompt->samples, samples, size);
    PyObject *capsule = PyCapsule_New(prompt, PROMPT, prompt_forget);
    if (!capsule)
        free(prompt);
    return capsule;
}

static struct prompt *find_prompt(PyObject *number, PyObject *loaded,
                                  const struct plan *before)
{
    PyObject *capsule = PyDict_GetItemWithError(loaded, number);
    if (capsule)
        return PyCapsule_GetPointer(capsule, PROMPT);
    if (PyErr_Occurred())
        return NULL;
    long wanted = PyLong_AsLong(number);
    if (wanted == -1 && PyErr_Occurred())
        return NULL;
    for (int i = 0; before && i < before->prompt_count; i++)
        if (before->prompts[i]->number == wanted)
            return before->prompts[i];
    PyErr_Format(PyExc_LookupError, "no such prompt: %R", number);
    return NULL;
}

static int read_prompts(struct plan *plan, PyObject *order, PyObject *loaded,
                        const struct plan *before)
{
    PyObject *numbers = read_tuple(order, "prompts", MAX_PROMPTS);
    if (!numbers)
        return -1;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(numbers); i++) {
        struct prompt *prompt =
            find_prompt(PyTuple_GET_ITEM(numbers, i), loaded,
                        before && before->play_epoch == plan->play_epoch ? before : NULL);
        if (!prompt) {
            plan_release(plan);
            Py_DECREF(numbers);
            return -1;
        }
        atomic_fetch_add(&prompt->uses, 1);
        plan->prompts[plan->prompt_count++] = prompt;
    }
    Py_DECREF(numbers);
    return 0;
}

static int read_media(struct plan *plan, PyObject *order)
{
    long long codec, payload_type, sending, silence, epoch;
    if (read_integer(order, "codec", 0, 8, &codec) < 0 ||
        read_integer(order, "payload_type", 0, 127, &payload_type) < 0 ||
        read_integer(order, "sending", SEND_NOTHING, SEND_PEER, &sending) < 0 ||
        read_integer(order, "silence_after_ms", 0, 86400000, &silence) < 0 ||
        read_integer(order, "play_epoch", INT64_MIN, INT64_MAX, &epoch) < 0)
        return -1;
    if (codec != PCMU && codec != PCMA) {
        PyErr_Format(PyExc_ValueError, "codec: %lld is neither PCMU nor PCMA", codec);
        return -1;
    }
    plan->codec = (uint8_t)codec;
    plan->payload_type = (uint8_t)payload_type;
    plan->sending = (enum sending)sending;
    plan->silence_after = silence * MILLISECOND;
    plan->play_epoch = epoch;
    return 0;
}

int plan_read(struct plan *plan, PyObject *order, PyObject *loaded, const struct plan *before)
{
    long long epoch;
    memset(plan, 0, sizeof *plan);
    plan->events = plan->peer = -1;
    if (read_endpoint(order, "remote", &plan->has_remote, &plan->remote) < 0 ||
        read_endpoint(order, "remote_rtcp", &plan->has_rtcp, &plan->remote_rtcp) < 0 ||
        read_integer(order, "latch_epoch", INT64_MIN, INT64_MAX, &epoch) < 0 ||
        read_trusted(plan, order) < 0 || read_media(plan, order) < 0 ||
        read_accepts(plan, order) < 0 ||
        read_optional(order, "events_payload_type", 127, &plan->events) < 0 ||
        read_optional(order, "peer", MAX_PORTS - 1, &plan->peer) < 0 ||
        read_truth(order, "repeat", &plan->repeat) < 0 ||
        read_truth(order, "hears_digits", &plan->hears_digits) < 0 ||
        read_truth(order, "receives", &plan->receives) < 0 ||
        read_secret(order, "seals", &plan->seals) < 0 ||
        read_secret(order, "opens", &plan->opens) < 0)
        return -1;
    plan->latch_epoch = epoch;
    if (plan->sending == SEND_PEER && plan->peer < 0) {
        PyErr_SetString(PyExc_ValueError, "sending is PEER, but there is no peer");
        return -1;
    }
    return read_prompts(plan, order, loaded, before);
}

int vocabulary_open(struct vocabulary *vocabulary)
{
    static const char *const NAMES[] = {"Heard", "Pressed", "Played", "FellSilent",
                                        "Unreachable"};
    PyObject *module = PyImport_ImportModule("media.engine.plan");
    if (!module)
        return -1;
    bool good = true;
    for (int i = 0; i <= UNREACHABLE && good; i++)
        good = (vocabulary->news[i] = PyObject_GetAttrString(module, NAMES[i])) != NULL;
    if (good)
        vocabulary->statistics = PyObject_GetAttrString(module, "PortStatistics");
    Py_DECREF(module);
    return vocabulary->statistics ? 0 : -1;
}

void vocabulary_close(struct vocabulary *vocabulary)
{
    for (int i = 0; i <= UNREACHABLE; i++)
        Py_CLEAR(vocabulary->news[i]);
    Py_CLEAR(vocabulary->statistics);
}

PyObject *vocabulary_news(const struct vocabulary *vocabulary, const struct news_item *item)
{
    PyObject *kind = vocabulary->news[item->kind];
    switch (item->kind) {
    case PRESSED:
        return PyObject_CallFunction(kind, "iCL", item->port, item->digit,
                                     (long long)item->value);
    case PLAYED:
        return PyObject_CallFunction(kind, "iL", item->port, (long long)item->value);
    case HEARD:
    case FELL_SILENT:
    case UNREACHABLE:
        break;
    }
    return PyObject_CallFunction(kind, "i", item->port);
}

PyObject *vocabulary_statistics(const struct vocabulary *vocabulary,
                                const struct counters *counters, uint64_t lost,
                                double jitter, const struct far_end *far_end)
{
    PyObject *trip = far_end->round_trip_ms < 0 ? Py_NewRef(Py_None)
                                                : PyFloat_FromDouble(far_end->round_trip_ms);
    PyObject *none = PyTuple_New(0);
    PyObject *values = Py_BuildValue(
        "{sKsKsKsKsKsKsKsKsdsisdsO}", "packets_received", counters->packets_received,
        "packets_sent", counters->packets_sent, "packets_lost", lost, "packets_dropped",
        counters->packets_dropped, "packets_foreign", counters->packets_foreign,
        "packets_unauthentic", counters->packets_unauthentic, "octets_received", counters->octets_received, "octets_sent", counters->octets_sent,
        "jitter", jitter, "remote_lost", (int)far_end->lost, "remote_jitter", far_end->jitter,
        "round_trip_ms", trip);
    PyObject *statistics =
        none && values ? PyObject_Call(vocabulary->statistics, none, values) : NULL;
    Py_XDECREF(trip);
    Py_XDECREF(none);
    Py_XDECREF(values);
    return statistics;
}
