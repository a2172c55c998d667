/*
 * One send() for each of many sockets, without the interpreter in between: the frames of an event
 * leave faster than their receivers wake up, and it is waking them that costs most.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#ifndef MSG_NOSIGNAL /* macOS; Python ignores SIGPIPE anyway */
#define MSG_NOSIGNAL 0
#endif

struct write {
    int descriptor;
    PyObject *frame;
    ssize_t taken;
};

static ssize_t send_once(int descriptor, const char *data, size_t size) {
    ssize_t taken;
    do {
        taken = send(descriptor, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (taken < 0 && errno == EINTR);
    return taken < 0 ? 0 : taken; /* whoever writes the rest finds out why */
}

static int read_writes(struct write *writes, PyObject *descriptors, PyObject *frames) {
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(descriptors); i++) {
        PyObject *frame = PyList_GET_ITEM(frames, i);
        if (!PyBytes_CheckExact(frame)) {
            PyErr_SetString(PyExc_TypeError, "a frame is bytes");
            return -1;
        }
        long descriptor = PyLong_AsLong(PyList_GET_ITEM(descriptors, i));
        if (descriptor == -1 && PyErr_Occurred())
            return -1;
        writes[i] = (struct write){(int)descriptor, frame, 0};
    }
    return 0;
}

static PyObject *list_rests(const struct write *writes, Py_ssize_t count) {
    PyObject *rests = PyList_New(0);
    for (Py_ssize_t i = 0; rests && i < count; i++) {
        if (writes[i].taken == PyBytes_GET_SIZE(writes[i].frame))
            continue;
        PyObject *rest = Py_BuildValue("(nn)", i, (Py_ssize_t)writes[i].taken);
        if (!rest || PyList_Append(rests, rest) < 0)
            Py_CLEAR(rests);
        Py_XDECREF(rest);
    }
    return rests;
}

PyDoc_STRVAR(send_each_doc,
             "send_each(descriptors, frames, /)\n--\n\n"
             "Send each frame to the socket at its place, as far as that takes it at once.\n\n"
             "Return (place, bytes taken) of those that were not taken whole, or failed.");

static PyObject *send_each(PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t given) {
    if (given != 2 || !PyList_CheckExact(args[0]) || !PyList_CheckExact(args[1]) ||
        PyList_GET_SIZE(args[0]) != PyList_GET_SIZE(args[1])) {
        PyErr_SetString(PyExc_TypeError, "send_each takes two lists of the same length");
        return NULL;
    }
    Py_ssize_t count = PyList_GET_SIZE(args[0]);
    struct write *writes = PyMem_New(struct write, count ? count : 1);
    if (!writes)
        return PyErr_NoMemory();
    PyObject *rests = NULL;
    if (read_writes(writes, args[0], args[1]) == 0) {
        for (Py_ssize_t i = 0; i < count; i++)
            Py_INCREF(writes[i].frame); /* the lists may change while others run */
        Py_BEGIN_ALLOW_THREADS;
        for (Py_ssize_t i = 0; i < count; i++)
            writes[i].taken = send_once(writes[i].descriptor, PyBytes_AS_STRING(writes[i].frame),
                                        PyBytes_GET_SIZE(writes[i].frame));
        Py_END_ALLOW_THREADS;
        rests = list_rests(writes, count);
        for (Py_ssize_t i = 0; i < count; i++)
            Py_DECREF(writes[i].frame);
    }
    PyMem_Free(writes);
    return rests;
}

static PyMethodDef methods[] = {
    {"send_each", (PyCFunction)(void (*)(void))send_each, METH_FASTCALL, send_each_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef module = {
    PyModuleDef_HEAD_INIT,
    .m_name = "hugmood.gateway._burst",
    .m_size = 0,
    .m_methods = methods,
};

PyMODINIT_FUNC PyInit__burst(void) { return PyModule_Create(&module); }
