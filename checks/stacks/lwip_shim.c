/* One connection of lwIP's raw API, in plain calls for ctypes; see lwip.py for the meaning of each.
 *
 * Everything happens in the caller's thread, and lwIP's callbacks only note what they were told.  An
 * assertion of lwIP aborts the process.  An int returned is lwIP's err_t, unless the function says otherwise.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lwip/init.h"
#include "lwip/ip.h"
#include "lwip/memp.h"
#include "lwip/netif.h"
#include "lwip/pbuf.h"
#include "lwip/priv/tcp_priv.h"
#include "lwip/tcp.h"

struct octets {
    unsigned char *at;
    size_t length, room;
};

enum stage { IDLE, LISTENING, OPENING, CONNECTED, REFUSED, RESET, TIMED_OUT, ENDED };

/* What the user of the raw API holds and was told. */
static struct {
    enum stage stage;
    struct tcp_pcb *pcb;      /* the connection: stages OPENING and CONNECTED */
    struct tcp_pcb *listener; /* stage LISTENING */
    struct octets text;       /* delivered, not yet read: still counted against the receive window */
    int eof;
} user;

static struct octets sent; /* whole IPv4 packets, one after the other */
static struct netif interface;
static ip_addr_t own_address, peer_address;
static u16_t own_port, peer_port;
static unsigned ticks; /* calls of tcp_tmr since the last reset */

static struct {
    int chosen;
    u32_t next;
} iss;

/* Replaces lwIP's own: liblwip calls it through its PLT, and the dynamic linker finds this one first.
 * Unless a number was chosen it follows lwIP's rule, but from the start again after every reset. */
u32_t tcp_next_iss(struct tcp_pcb *pcb)
{
    (void)pcb;
    if (iss.chosen)
        return iss.next + (user.stage == OPENING); /* tcp_connect sends its SYN with one less */
    iss.next += tcp_ticks;
    return iss.next;
}

static err_t append(struct octets *to, const struct pbuf *p)
{
    if (to->length + p->tot_len > to->room) {
        size_t room = 2 * (to->length + p->tot_len);
        unsigned char *at = realloc(to->at, room);
        if (at == NULL)
            return ERR_MEM;
        to->at = at;
        to->room = room;
    }
    to->length += pbuf_copy_partial(p, to->at + to->length, p->tot_len, 0);
    return ERR_OK;
}

static void take(struct octets *from, unsigned char *to, size_t length)
{
    if (length == 0)
        return;
    memcpy(to, from->at, length);
    from->length -= length;
    memmove(from->at, from->at + length, from->length);
}

/* ---- what lwIP calls ---- */

static err_t on_output(struct netif *netif, struct pbuf *p, const ip4_addr_t *to)
{
    (void)netif;
    (void)to;
    return append(&sent, p);
}

static err_t on_link(struct netif *netif)
{
    netif->name[0] = 'h';
    netif->name[1] = 'c';
    netif->mtu = 1500;
    netif->output = on_output;
    return ERR_OK;
}

static err_t on_receive(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)pcb;
    (void)err;
    if (p == NULL) {
        user.eof = 1;
        return ERR_OK;
    }
    if (append(&user.text, p) != ERR_OK)
        return ERR_MEM; /* lwIP keeps p and offers it again */
    pbuf_free(p);
    return ERR_OK;
}

/* lwIP has freed the pcb. */
static void on_error(void *arg, err_t err)
{
    (void)arg;
    if (err == ERR_RST)
        user.stage = user.stage == OPENING ? REFUSED : RESET;
    else
        user.stage = err == ERR_CLSD ? ENDED : TIMED_OUT;
    user.pcb = NULL;
}

static err_t on_connected(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    (void)pcb;
    user.stage = CONNECTED;
    return err;
}

static void adopt(struct tcp_pcb *pcb, enum stage stage)
{
    user.pcb = pcb;
    user.stage = stage;
    tcp_recv(pcb, on_receive);
    tcp_err(pcb, on_error);
    tcp_nagle_disable(pcb);
}

static void disown(struct tcp_pcb *pcb)
{
    tcp_recv(pcb, NULL);
    tcp_err(pcb, NULL);
}

static err_t on_accept(void *arg, struct tcp_pcb *pcb, err_t err)
{
    (void)arg;
    if (err != ERR_OK)
        return err; /* out of memory: there is no pcb */
    adopt(pcb, CONNECTED);
    return ERR_OK;
}

/* ---- the machinery ---- */

const char *shim_version(void)
{
    return LWIP_VERSION_STRING;
}

int shim_tick_milliseconds(void)
{
    return TCP_TMR_INTERVAL;
}

/* Nonzero: the library was built from other headers than this file, and must not be used. */
int shim_boot(void)
{
    static int booted;
    ip4_addr_t own, peer, mask;

    if (memp_pools[MEMP_TCP_PCB]->size != LWIP_MEM_ALIGN_SIZE(sizeof(struct tcp_pcb)))
        return -1;
    if (booted)
        return 0;
    booted = 1;
    lwip_init();
    IP4_ADDR(&own, 10, 9, 0, 1);
    IP4_ADDR(&peer, 10, 9, 0, 2);
    IP4_ADDR(&mask, 255, 255, 255, 0);
    ip_addr_copy_from_ip4(own_address, own);
    ip_addr_copy_from_ip4(peer_address, peer);
    netif_add(&interface, &own, &mask, &peer, NULL, on_link, ip_input);
    netif_set_link_up(&interface);
    netif_set_up(&interface);
    return 0;
}

static void forget(struct tcp_pcb *pcb)
{
    disown(pcb);
    tcp_abort(pcb);
}

static void nothing_delivered(void)
{
    user.text.length = 0;
    user.eof = 0;
}

/* Back to a freshly booted lwIP, apart from the IPv4 identification. */
void shim_reset(uint16_t own, uint16_t peer, int choose_iss, uint32_t chosen)
{
    while (tcp_active_pcbs != NULL)
        forget(tcp_active_pcbs);
    while (tcp_tw_pcbs != NULL)
        forget(tcp_tw_pcbs);
    while (tcp_listen_pcbs.pcbs != NULL)
        tcp_close(tcp_listen_pcbs.pcbs);
    if (ticks % 2 != 0)
        tcp_tmr(); /* the slow timer runs at every other call: start in the same phase */
    ticks = 0;
    tcp_ticks = 0;
    iss.chosen = choose_iss;
    iss.next = choose_iss ? chosen : 6510; /* 6510: where lwIP's own rule begins */
    own_port = own;
    peer_port = peer;
    user.stage = IDLE;
    user.pcb = user.listener = NULL;
    nothing_delivered();
    sent.length = 0;
}

/* OPENING only: the number that lwIP gave its SYN. */
uint32_t shim_iss(void)
{
    return user.pcb->lastack;
}

static int listed(const struct tcp_pcb *list, const struct tcp_pcb *pcb)
{
    while (list != NULL && list != pcb)
        list = list->next;
    return list != NULL;
}

void shim_tick(unsigned count)
{
    for (; count > 0; count--) {
        ticks++;
        tcp_tmr();
        /* The end of TIME-WAIT frees the pcb without a word. */
        if (user.pcb != NULL && !listed(tcp_active_pcbs, user.pcb) && !listed(tcp_tw_pcbs, user.pcb)) {
            user.pcb = NULL;
            user.stage = ENDED;
        }
    }
}

void shim_input(const unsigned char *packet, uint16_t length)
{
    struct pbuf *p = pbuf_alloc(PBUF_RAW, length, PBUF_RAM);

    if (p == NULL)
        return; /* lost on the way */
    pbuf_take(p, packet, length);
    if (ip_input(p, &interface) != ERR_OK)
        pbuf_free(p);
    if (user.listener != NULL && user.pcb != NULL) {
        tcp_close(user.listener); /* one passive OPEN is one connection */
        user.listener = NULL;
    }
}

size_t shim_sent_length(void)
{
    return sent.length;
}

void shim_take_sent(unsigned char *to, size_t length)
{
    take(&sent, to, length);
}

/* ---- the user's calls ---- */

static int arriving(void)
{
    const struct tcp_pcb *pcb = tcp_active_pcbs;

    while (pcb != NULL && (struct tcp_pcb *)pcb->listener != user.listener)
        pcb = pcb->next;
    return pcb != NULL;
}

const char *shim_stage(void)
{
    switch (user.stage) {
    case LISTENING: return arriving() ? "arriving" : "listening";
    case OPENING: return "opening";
    case CONNECTED: return "connected";
    case REFUSED: return "refused";
    case RESET: return "reset";
    case TIMED_OUT: return "timeout";
    case ENDED: return "ended";
    default: return "idle";
    }
}

const char *shim_error(int err)
{
    switch (err) {
    case ERR_MEM: return "out of memory (ERR_MEM)";
    case ERR_RTE: return "no route (ERR_RTE)";
    case ERR_VAL: return "illegal value (ERR_VAL)";
    case ERR_USE: return "address in use (ERR_USE)";
    case ERR_ALREADY: return "already listening (ERR_ALREADY)";
    case ERR_ISCONN: return "already connected (ERR_ISCONN)";
    case ERR_CONN: return "not connected (ERR_CONN)";
    case ERR_CLSD: return "connection closed (ERR_CLSD)";
    default: return "another error of lwIP";
    }
}

static struct tcp_pcb *bound(err_t *err)
{
    struct tcp_pcb *pcb = tcp_new();

    *err = pcb == NULL ? ERR_MEM : tcp_bind(pcb, &own_address, own_port);
    if (pcb != NULL && *err != ERR_OK) {
        tcp_close(pcb);
        pcb = NULL;
    }
    return pcb;
}

int shim_connect(void)
{
    err_t err;
    struct tcp_pcb *pcb;

    if (user.pcb != NULL)
        return tcp_connect(user.pcb, &peer_address, peer_port, on_connected); /* refused, in lwIP's words */
    pcb = bound(&err);
    if (pcb == NULL)
        return err;
    nothing_delivered();
    adopt(pcb, OPENING);
    err = tcp_connect(pcb, &peer_address, peer_port, on_connected);
    if (err != ERR_OK) {
        tcp_close(pcb);
        user.pcb = NULL;
        user.stage = IDLE;
    }
    return err;
}

int shim_listen(void)
{
    err_t err;
    struct tcp_pcb *pcb, *listener;

    if (user.pcb != NULL || user.listener != NULL) {
        tcp_listen_with_backlog_and_err(user.pcb != NULL ? user.pcb : user.listener, 1, &err);
        return err; /* refused, in lwIP's words */
    }
    pcb = bound(&err);
    if (pcb == NULL)
        return err;
    listener = tcp_listen_with_backlog_and_err(pcb, 1, &err);
    if (listener == NULL) {
        tcp_close(pcb);
        return err;
    }
    tcp_accept(listener, on_accept);
    nothing_delivered();
    user.listener = listener;
    user.stage = LISTENING;
    return ERR_OK;
}

/* CONNECTED only.  Returns how many octets lwIP took, or an err_t. */
int shim_write(const unsigned char *text, size_t length)
{
    err_t err;

    if (length > tcp_sndbuf(user.pcb))
        length = tcp_sndbuf(user.pcb);
    err = tcp_write(user.pcb, text, (u16_t)length, TCP_WRITE_FLAG_COPY);
    if (err == ERR_MEM)
        return 0;
    if (err != ERR_OK)
        return err;
    tcp_output(user.pcb); /* if this fails, lwIP's timers try again */
    return (int)length;
}

size_t shim_text_length(void)
{
    return user.text.length;
}

int shim_eof(void)
{
    return user.eof;
}

/* length: at most shim_text_length(), which the window keeps below 65,536. */
void shim_read(unsigned char *to, uint16_t length)
{
    take(&user.text, to, length);
    if (user.pcb != NULL)
        tcp_recved(user.pcb, length);
}

/* OPENING and CONNECTED only. */
int shim_shutdown(void)
{
    return tcp_shutdown(user.pcb, 0, 1);
}

/* LISTENING, OPENING and CONNECTED only. */
int shim_close(void)
{
    struct tcp_pcb *pcb = user.pcb;
    err_t err;

    if (pcb != NULL)
        disown(pcb);
    err = tcp_close(pcb != NULL ? pcb : user.listener);
    if (err != ERR_OK && pcb != NULL)
        adopt(pcb, user.stage);
    if (err != ERR_OK)
        return err;
    user.pcb = user.listener = NULL;
    user.stage = IDLE;
    nothing_delivered();
    return ERR_OK;
}

/* OPENING and CONNECTED only. */
void shim_abort(void)
{
    forget(user.pcb);
    user.pcb = NULL;
    user.stage = IDLE;
    nothing_delivered();
}
