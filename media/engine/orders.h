/* From Python's values to the engine's, and back; Python's lock is held. */
#ifndef MEDIA_ORDERS_H
#define MEDIA_ORDERS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "engine.h"

/* Names of media.engine.plan. */
struct vocabulary {
    PyObject *news[UNREACHABLE + 1];
    PyObject *statistics;
};
int vocabulary_open(struct vocabulary *vocabulary);
void vocabulary_close(struct vocabulary *vocabulary);
PyObject *vocabulary_news(const struct vocabulary *vocabulary, const struct news_item *item);
PyObject *vocabulary_statistics(const struct vocabulary *vocabulary,
                                const struct counters *counters, uint64_t lost,
                                double jitter, const struct far_end *far_end);

/* Reads a PortPlan. Prompts are looked up among those loaded (a dict of capsules), then, if
 * the play epoch is the same, among those of the plan before. 0, or -1 with an exception. */
int plan_read(struct plan *plan, PyObject *order, PyObject *loaded, const struct plan *before);
PyObject *prompt_new(int number, const void *samples, size_t size);

#endif
