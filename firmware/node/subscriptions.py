# SPDX-License-Identifier: MIT
"""Topics of others that components listen to. Imported when the first of them does."""

from micropython import const

_MOST = const(64)  # topics


def subscribe(node, topic, handler):
    """Do what `Node.subscribe` says."""
    if not topic or "+" in topic or "#" in topic:
        raise ValueError('"%s" is no topic; wildcards are not possible' % topic)
    if not node.session:
        return Subscription(None, None, None)
    if node.session.subscriptions is None:
        node.session.subscriptions = Subscriptions(node)
    return node.session.subscriptions.add(topic.encode(), handler)


class Subscription:
    """What one handler listens to."""

    def __init__(self, owner, topic, handler):
        self._owner = owner
        self.topic = topic
        self.handler = handler

    def stop(self):
        """Call the handler no more."""
        if self._owner:
            self._owner.remove(self)
            self._owner = None


class Subscriptions:
    """All subscriptions of a node."""

    def __init__(self, node):
        self._node = node
        self._known = []

    def add(self, topic, handler):
        """Return a new Subscription. Raises ValueError when there are too many."""
        topics = {known.topic for known in self._known}
        if topic not in topics:
            if len(topics) >= _MOST:
                raise ValueError("more than %d topics are listened to" % _MOST)
        known = Subscription(self, topic, handler)
        self._known.append(known)
        # Also for a topic that is known: the broker sends what it has retained once more.
        self._tell(self._node.session.client.subscribe, topic, 0)
        return known

    def remove(self, subscription):
        """Forget a subscription."""
        self._known.remove(subscription)
        if all(known.topic != subscription.topic for known in self._known):
            self._tell(self._node.session.client.unsubscribe, subscription.topic)

    def arrived(self, topic, payload, retained):
        """Hand a message to those who listen to its topic."""
        for known in tuple(self._known):
            if known.topic == topic:
                known.handler(payload, retained)

    async def renew(self):
        """Subscribe everything at the broker, after each connection."""
        done = set()
        while True:
            # Some may come and go meanwhile.
            missing = [known.topic for known in self._known if known.topic not in done]
            if not missing:
                return
            done.add(missing[0])
            await self._node.session.client.subscribe(missing[0].decode(), 0)

    def _tell(self, function, topic, *args):
        # Without a connection there is nothing to tell: `renew` does it.
        if self._node.session.online:
            name = "%s %s" % ("listen" if args else "forget", topic.decode())
            self._node.spawn(name, _unless_lost, function, topic.decode(), *args)


async def _unless_lost(function, *args):
    try:
        await function(*args)
    except OSError:
        return  # all is subscribed anew after the next connection
