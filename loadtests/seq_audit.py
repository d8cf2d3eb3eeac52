"""Is anything lost? What one recipient has been numbered and told, over all of its connections."""

from dataclasses import dataclass


@dataclass(slots=True)
class SeqAudit:
    """Follows one recipient's numbers, as the contract has them: after the `seq` of the welcome, without gaps.

    `lost` counts numbers that were passed over, `repeated` messages that came again (a client leaves those alone),
    `resumed` and `reloaded` how often a connection after the first went on where the last one ended, or did not.
    """

    epoch: str = ""
    last: int = 0
    lost: int = 0
    repeated: int = 0
    resumed: int = 0
    reloaded: int = 0

    def welcomed(self, epoch: str, seq: int, *, resumed: bool) -> None:
        """Note a welcome: what follows it begins after `seq`."""
        if not self.epoch:
            self.epoch, self.last = epoch, seq
            return
        if resumed:
            self.resumed += 1
        else:
            self.reloaded += 1
        if epoch != self.epoch:
            # Other numbers: nothing that was told before can be compared with them.
            self.epoch, self.last = epoch, seq
        elif seq > self.last:
            self.lost += seq - self.last
            self.last = seq

    def took(self, seq: int) -> bool:
        """Note a numbered message; False when it has been here before."""
        if seq <= self.last:
            self.repeated += 1
            return False
        self.lost += seq - self.last - 1
        self.last = seq
        return True
