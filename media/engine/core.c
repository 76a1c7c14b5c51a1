/* The module media.engine.core: the engine as a Python object. One thread may call it. */
#include "orders.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

struct engine_object {
    PyObject_HEAD
    struct engine *engine; /* NULL once stopped */
    struct news *news;     /* outlives the threads: what was said can still be heard */
    struct vocabulary vocabulary;
    PyObject *prompts; /* number to capsule */
    int next_prompt;
    int lowest; /* no number below it is free */
};

static struct engine *running(struct engine_object *self)
{
    if (!self->engine)
        PyErr_SetString(PyExc_RuntimeError, "the engine has stopped");
    return self->engine;
}

/* The open port of that number; ports are opened and closed by this thread alone. */
static struct port *port_of(struct engine_object *self, int number)
{
    if (!running(self))
        return NULL;
    struct port *port = engine_port(self->engine, number);
    if (port && port->open)
        return port;
    PyErr_Format(PyExc_LookupError, "no such port: %d", number);
    return NULL;
}

static int parse_port(struct engine_object *self, PyObject *argument, struct port **port)
{
    long number = PyLong_AsLong(argument);
    if (number == -1 && PyErr_Occurred())
        return -1;
    *port = port_of(self, number < 0 || number >= MAX_PORTS ? -1 : (int)number);
    return *port ? 0 : -1;
}

/* The lowest number that is free, with memory behind it. */
static struct port *port_vacant(struct engine_object *self)
{
    struct engine *engine = self->engine;
    for (int number = self->lowest; number < MAX_PORTS; number++) {
        struct port *port = engine_port(engine, number);
        if (port && port->open)
            continue;
        self->lowest = number;
        if (port)
            return port;
        port = calloc(1, sizeof *port);
        if (!port) {
            PyErr_NoMemory();
            return NULL;
        }
        port->number = number;
        pthread_mutex_init(&port->mutex, NULL);
        atomic_store(&engine->ports[number], port);
        return port;
    }
    PyErr_Format(PyExc_RuntimeError, "all %d ports are open", MAX_PORTS);
    return NULL;
}

static int family_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t length = sizeof address;
    int on = 1;
    if (getsockname(fd, (struct sockaddr *)&address, &length) < 0)
        return -1;
    int done = address.ss_family == AF_INET6
                   ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on)
                   : setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on);
    return done < 0 ? -1 : address.ss_family;
}

/* Another for every port: what is seen of one call must not tell of any other (RFC 7022 4.2). */
static bool choose_name(char name[CNAME_SIZE + 1])
{
    uint8_t bytes[CNAME_SIZE / 2];
    if (getrandom(bytes, sizeof bytes, 0) != sizeof bytes)
        return false;
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(name + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

static PyObject *engine_open(struct engine_object *self, PyObject *arguments)
{
    int rtp_fd, rtcp_fd;
    unsigned int ssrc, sequence, timestamp;
    if (!PyArg_ParseTuple(arguments, "iiIII", &rtp_fd, &rtcp_fd, &ssrc, &sequence, &timestamp))
        return NULL;
    if (!running(self))
        return NULL;
    char cname[CNAME_SIZE + 1];
    int family = family_of(rtp_fd), rtcp_family = family_of(rtcp_fd);
    if (family < 0 || rtcp_family < 0 || !choose_name(cname))
        return PyErr_SetFromErrno(PyExc_OSError);
    if (family != rtcp_family)
        return PyErr_Format(PyExc_ValueError, "sockets of two families");
    struct port *port = port_vacant(self);
    if (!port)
        return NULL;
    pthread_mutex_lock(&port->mutex);
    port_reset(port, rtp_fd, rtcp_fd, family, clock_now());
    port->out.ssrc = ssrc;
    port->out.sequence = (uint16_t)sequence;
    port->out.timestamp = port->out.first_timestamp = timestamp;
    rtcp_begin(port, cname, clock_now());
    port->open = engine_watch(self->engine, port) == 0;
    bool good = port->open;
    pthread_mutex_unlock(&port->mutex);
    if (!good)
        return PyErr_SetFromErrno(PyExc_OSError);
    self->lowest = port->number + 1;
    if (port->number >= atomic_load(&self->engine->high))
        atomic_store(&self->engine->high, port->number + 1);
    return PyLong_FromLong(port->number);
}

static void listen_no_more(struct engine *engine, struct port *port)
{
    struct port *peer = engine_port(engine, port->hears.port);
    if (!peer)
        return;
    pthread_mutex_lock(&peer->mutex);
    for (int i = 0; peer->generation == port->hears.generation && i < peer->listener_count; i++)
        if (peer->listeners[i].port == port->number) {
            peer->listeners[i] = peer->listeners[--peer->listener_count];
            break;
        }
    pthread_mutex_unlock(&peer->mutex);
    port->hears.port = -1;
}

static int listen_to(struct engine_object *self, struct port *port, int number)
{
    struct port *peer = port_of(self, number);
    if (!peer)
        return -1;
    if (port->hears.port == number && port->hears.generation == peer->generation)
        return 0;
    if (peer->listener_count == MAX_LISTENERS) {
        PyErr_Format(PyExc_ValueError, "port %d already feeds %d others", number,
                     MAX_LISTENERS);
        return -1;
    }
    listen_no_more(self->engine, port);
    pthread_mutex_lock(&peer->mutex);
    peer->listeners[peer->listener_count++] =
        (struct listener){port->number, port->generation};
    pthread_mutex_unlock(&peer->mutex);
    port->hears = (struct listener){number, peer->generation};
    return 0;
}

/* The cipher for a secret, the one there is if it fits; false: none can be made. */
static bool renew(struct cipher **cipher, const struct secret *secret, bool outbound)
{
    if (cipher_fits(*cipher, secret))
        return true;
    *cipher = secret->suite == NO_SUITE ? NULL : cipher_new(secret, outbound);
    return *cipher || secret->suite == NO_SUITE;
}

static PyObject *engine_arrange(struct engine_object *self, PyObject *arguments)
{
    PyObject *number, *order;
    struct port *port;
    struct plan plan;
    if (!PyArg_ParseTuple(arguments, "OO", &number, &order) ||
        parse_port(self, number, &port) < 0 ||
        plan_read(&plan, order, self->prompts, port->planned ? &port->plan : NULL) < 0)
        return NULL;
    if (plan.sending != SEND_PEER) {
        listen_no_more(self->engine, port);
    } else if (listen_to(self, port, plan.peer) < 0) {
        plan_release(&plan);
        return NULL;
    }
    struct cipher *sealing = port->sealing, *opening = port->opening;
    if (!renew(&sealing, &plan.seals, true) || !renew(&opening, &plan.opens, false)) {
        if (sealing != port->sealing)
            cipher_free(sealing);
        plan_release(&plan);
        return PyErr_Format(PyExc_RuntimeError, "no cipher can be made");
    }
    struct cipher *sealed = port->sealing, *opened = port->opening;
    pthread_mutex_lock(&port->mutex);
    port_arrange(port, &plan, clock_now());
    explicit_bzero(&plan.seals, sizeof plan.seals);
    explicit_bzero(&plan.opens, sizeof plan.opens);
    port->sealing = sealing;
    port->opening = opening;
    pthread_mutex_unlock(&port->mutex);
    if (sealed != sealing)
        cipher_free(sealed);
    if (opened != opening)
        cipher_free(opened);
    Py_RETURN_NONE;
}

static PyObject *engine_send_digits(struct engine_object *self, PyObject *arguments)
{
    PyObject *number;
    const char *digits;
    struct port *port;
    if (!PyArg_ParseTuple(arguments, "Os", &number, &digits) ||
        parse_port(self, number, &port) < 0)
        return NULL;
    size_t count = strlen(digits);
    if (strspn(digits, "0123456789*#ABCDw") != count)
        return PyErr_Format(PyExc_ValueError, "digits: not of 0-9*#A-Dw: '%s'", digits);
    pthread_mutex_lock(&port->mutex);
    bool fits = count <= (size_t)(MAX_DIGITS - port->keys.count);
    for (size_t i = 0; fits && i < count; i++)
        keys_push(&port->keys, digits[i]);
    pthread_mutex_unlock(&port->mutex);
    if (!fits)
        return PyErr_Format(PyExc_ValueError, "digits: more than %d would wait", MAX_DIGITS);
    Py_RETURN_NONE;
}

static PyObject *engine_record(struct engine_object *self, PyObject *arguments)
{
    PyObject *number;
    int fd, both;
    struct port *port;
    struct stat status;
    if (!PyArg_ParseTuple(arguments, "Oip", &number, &fd, &both) ||
        parse_port(self, number, &port) < 0)
        return NULL;
    if (fstat(fd, &status) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    if (!S_ISREG(status.st_mode))
        return PyErr_Format(PyExc_ValueError, "descriptor %d is no regular file", fd);
    if (port->recording)
        return PyErr_Format(PyExc_ValueError, "port %d is being recorded", port->number);
    struct recording *recording =
        recording_new(&self->engine->writer, fd, both, clock_now());
    if (!recording)
        return PyErr_SetFromErrno(PyExc_OSError);
    pthread_mutex_lock(&port->mutex);
    port->recording = recording;
    pthread_mutex_unlock(&port->mutex);
    Py_RETURN_NONE;
}

static int64_t recording_end(struct engine_object *self, struct port *port, int *error)
{
    int64_t length;
    pthread_mutex_lock(&port->mutex);
    struct recording *recording = port->recording;
    port->recording = NULL;
    pthread_mutex_unlock(&port->mutex);
    nanos now = clock_now();
    Py_BEGIN_ALLOW_THREADS
    length = recording_finish(&self->engine->writer, recording, now, error);
    Py_END_ALLOW_THREADS
    return length;
}

static PyObject *engine_stop_recording(struct engine_object *self, PyObject *number)
{
    struct port *port;
    if (parse_port(self, number, &port) < 0)
        return NULL;
    if (!port->recording)
        return PyErr_Format(PyExc_ValueError, "port %d is not being recorded", port->number);
    int error;
    long long length = recording_end(self, port, &error);
    return Py_BuildValue("(Li)", length, error);
}

static PyObject *engine_load(struct engine_object *self, PyObject *samples)
{
    Py_buffer view;
    if (PyObject_GetBuffer(samples, &view, PyBUF_SIMPLE) < 0)
        return NULL;
    int number = self->next_prompt++;
    PyObject *capsule = prompt_new(number, view.buf, (size_t)view.len);
    PyBuffer_Release(&view);
    PyObject *key = PyLong_FromLong(number);
    if (!capsule || !key || PyDict_SetItem(self->prompts, key, capsule) < 0)
        Py_CLEAR(key);
    Py_XDECREF(capsule);
    return key;
}

static PyObject *engine_unload(struct engine_object *self, PyObject *number)
{
    int known = PyDict_Contains(self->prompts, number);
    if (known < 0)
        return NULL;
    if (!known)
        return PyErr_Format(PyExc_LookupError, "no such prompt: %R", number);
    if (PyDict_DelItem(self->prompts, number) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *statistics_of(struct engine_object *self, struct port *port)
{
    pthread_mutex_lock(&port->mutex);
    struct counters counters = port->counters;
    struct far_end far_end = port->far_end;
    uint64_t lost = reception_lost(&port->reception);
    double jitter = port->reception.jitter;
    pthread_mutex_unlock(&port->mutex);
    return vocabulary_statistics(&self->vocabulary, &counters, lost, jitter, &far_end);
}

static PyObject *engine_statistics(struct engine_object *self, PyObject *number)
{
    struct port *port;
    return parse_port(self, number, &port) < 0 ? NULL : statistics_of(self, port);
}

static void port_close(struct engine_object *self, struct port *port)
{
    struct engine *engine = self->engine;
    listen_no_more(engine, port);
    int ignored;
    if (port->recording)
        recording_end(self, port, &ignored);
    pthread_mutex_lock(&port->mutex);
    rtcp_leave(engine, port, clock_now());
    port->open = false;
    port->listener_count = 0;
    engine_unwatch(engine, port);
    close(port->rtp_fd);
    close(port->rtcp_fd);
    plan_release(&port->plan);
    explicit_bzero(&port->plan.seals, sizeof port->plan.seals);
    explicit_bzero(&port->plan.opens, sizeof port->plan.opens);
    struct cipher *sealing = port->sealing, *opening = port->opening;
    port->sealing = port->opening = NULL;
    pthread_mutex_unlock(&port->mutex);
    cipher_free(sealing);
    cipher_free(opening);
    news_forget(self->news, port->number);
    if (port->number < self->lowest)
        self->lowest = port->number;
    int high = atomic_load(&engine->high);
    while (high > 0 && !engine_port(engine, high - 1)->open)
        high--;
    atomic_store(&engine->high, high);
}

static PyObject *engine_close(struct engine_object *self, PyObject *number)
{
    struct port *port;
    if (parse_port(self, number, &port) < 0)
        return NULL;
    PyObject *statistics = statistics_of(self, port);
    port_close(self, port);
    return statistics;
}

static PyObject *engine_fileno(struct engine_object *self, PyObject *ignored)
{
    (void)ignored;
    return PyLong_FromLong(self->news->fd);
}

static PyObject *engine_events(struct engine_object *self, PyObject *ignored)
{
    size_t count;
    PyObject *list = PyList_New(0);
    struct news_item *items = list ? news_take(self->news, &count) : NULL;
    (void)ignored;
    for (size_t i = 0; items && list && i < count; i++) {
        if (items[i].port < 0)
            continue;
        PyObject *news = vocabulary_news(&self->vocabulary, &items[i]);
        if (!news || PyList_Append(list, news) < 0)
            Py_CLEAR(list);
        Py_XDECREF(news);
    }
    free(items);
    return list;
}

static void stop(struct engine_object *self)
{
    struct engine *engine = self->engine;
    if (!engine)
        return;
    for (int number = 0; engine->thread_count && number < MAX_PORTS; number++) {
        struct port *port = engine_port(engine, number);
        if (port && port->open)
            port_close(self, port);
    }
    self->engine = NULL;
    Py_BEGIN_ALLOW_THREADS
    engine_stop(engine);
    Py_END_ALLOW_THREADS
}

static PyObject *engine_stop_method(struct engine_object *self, PyObject *ignored)
{
    (void)ignored;
    stop(self);
    Py_RETURN_NONE;
}

static PyObject *engine_new(PyTypeObject *type, PyObject *arguments, PyObject *keywords)
{
    static char *names[] = {"threads", NULL};
    int threads;
    if (!PyArg_ParseTupleAndKeywords(arguments, keywords, "i", names, &threads))
        return NULL;
    if (threads < 1 || threads > MAX_THREADS)
        return PyErr_Format(PyExc_ValueError, "threads: %d is not in 1..%d", threads,
                            MAX_THREADS);
    struct engine_object *self = (struct engine_object *)type->tp_alloc(type, 0);
    if (!self)
        return NULL;
    self->engine = calloc(1, sizeof *self->engine);
    self->prompts = PyDict_New();
    if (!self->engine || !self->prompts || vocabulary_open(&self->vocabulary) < 0) {
        if (!PyErr_Occurred())
            PyErr_NoMemory();
        Py_DECREF(self);
        return NULL;
    }
    self->news = &self->engine->news;
    if (!news_open(self->news) || !engine_start(self->engine, threads)) {
        PyErr_SetFromErrno(PyExc_OSError);
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static void engine_dealloc(struct engine_object *self)
{
    PyTypeObject *type = Py_TYPE(self);
    struct engine *memory = self->news ? (struct engine *)((char *)self->news -
                                                           offsetof(struct engine, news))
                                       : self->engine;
    if (self->news) {
        stop(self);
        news_close(self->news);
    }
    free(memory);
    vocabulary_close(&self->vocabulary);
    Py_XDECREF(self->prompts);
    type->tp_free((PyObject *)self);
    Py_DECREF(type);
}

static PyObject *engine_lost(struct engine_object *self, void *ignored)
{
    (void)ignored;
    pthread_mutex_lock(&self->news->mutex);
    uint64_t lost = self->news->lost;
    pthread_mutex_unlock(&self->news->mutex);
    return PyLong_FromUnsignedLongLong(lost);
}

static PyObject *engine_failed(struct engine_object *self, void *ignored)
{
    (void)ignored;
    if (!running(self))
        return NULL;
    struct writer *writer = &self->engine->writer;
    pthread_mutex_lock(&writer->mutex);
    uint64_t failed = writer->failed;
    pthread_mutex_unlock(&writer->mutex);
    return PyLong_FromUnsignedLongLong(failed);
}

static PyMethodDef METHODS[] = {
    {"open", (PyCFunction)engine_open, METH_VARARGS, NULL},
    {"arrange", (PyCFunction)engine_arrange, METH_VARARGS, NULL},
    {"send_digits", (PyCFunction)engine_send_digits, METH_VARARGS, NULL},
    {"record", (PyCFunction)engine_record, METH_VARARGS, NULL},
    {"stop_recording", (PyCFunction)engine_stop_recording, METH_O, NULL},
    {"load", (PyCFunction)engine_load, METH_O, NULL},
    {"unload", (PyCFunction)engine_unload, METH_O, NULL},
    {"statistics", (PyCFunction)engine_statistics, METH_O, NULL},
    {"close", (PyCFunction)engine_close, METH_O, NULL},
    {"fileno", (PyCFunction)engine_fileno, METH_NOARGS, NULL},
    {"events", (PyCFunction)engine_events, METH_NOARGS, NULL},
    {"stop", (PyCFunction)engine_stop_method, METH_NOARGS, NULL},
    {NULL},
};
static PyGetSetDef ATTRIBUTES[] = {
    {"events_lost", (getter)engine_lost, NULL, "Events that found the queue full.", NULL},
    {"recordings_failed", (getter)engine_failed, NULL, "Recordings cut short by the disk.",
     NULL},
    {NULL},
};
static PyType_Slot SLOTS[] = {
    {Py_tp_doc, "The compiled media engine; see media.engine.plan.Engine."},
    {Py_tp_new, engine_new},
    {Py_tp_dealloc, engine_dealloc},
    {Py_tp_methods, METHODS},
    {Py_tp_getset, ATTRIBUTES},
    {0},
};
static PyType_Spec SPECIFICATION = {
    .name = "media.engine.core.Engine",
    .basicsize = sizeof(struct engine_object),
    .flags = Py_TPFLAGS_DEFAULT,
    .slots = SLOTS,
};
static struct PyModuleDef MODULE = {
    PyModuleDef_HEAD_INIT,
    .m_name = "media.engine.core",
    .m_doc = "The compiled media engine.",
    .m_size = -1,
};

PyMODINIT_FUNC PyInit_core(void)
{
    g711_init();
    tones_init();
    if (!secrecy_init()) {
        PyErr_SetString(PyExc_ImportError, "libsrtp cannot be initialised");
        return NULL;
    }
    PyObject *module = PyModule_Create(&MODULE);
    PyObject *type = module ? PyType_FromSpec(&SPECIFICATION) : NULL;
    if (!type || PyModule_AddObject(module, "Engine", type) < 0) {
        Py_XDECREF(type);
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
