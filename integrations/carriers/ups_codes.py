"""UPS's words and ours. Three codes stand beside each activity; ups.py says which of them decides."""

from domain.reasons import Reason
from domain.status import Status

STATUS_CODES: dict[str, Status] = {
    "006": Status.OUT_FOR_DELIVERY,  # on vehicle for delivery
    "007": Status.CANCELLED,  # shipment information voided
    "012": Status.IN_TRANSIT,  # clearance in progress
    "014": Status.IN_TRANSIT,  # clearance completed
    "016": Status.ON_HOLD,  # held in warehouse
    "017": Status.AVAILABLE_FOR_PICKUP,  # held for customer pickup
    "018": Status.ON_HOLD,  # delivery change requested: hold
    "019": Status.ON_HOLD,  # held for future delivery
    "020": Status.ON_HOLD,  # held for future delivery requested
    "021": Status.OUT_FOR_DELIVERY,  # on vehicle for delivery today
    "022": Status.ATTEMPT_FAILED,  # first attempt made
    "023": Status.ATTEMPT_FAILED,  # second attempt made
    "024": Status.ATTEMPT_FAILED,  # final attempt made
    "025": Status.IN_TRANSIT,  # transferred to local post office
    "026": Status.DELIVERED,  # delivered by local post office
    "029": Status.ON_HOLD,  # exception: action required
    "030": Status.ON_HOLD,  # local post office exception
    "032": Status.IN_TRANSIT,  # adverse weather may cause delay
    "034": Status.RETURNED,  # returned to sender
    "035": Status.RETURNING,  # returning to sender
    "036": Status.RETURNING,  # returning to sender: in transit
    "037": Status.RETURNING,  # returning to sender: on vehicle
    "038": Status.PICKED_UP,  # picked up
    "039": Status.IN_TRANSIT,  # in transit by post office
    "040": Status.AVAILABLE_FOR_PICKUP,  # at an access point, awaiting the customer
    "046": Status.ON_HOLD,  # delay
    "047": Status.ON_HOLD,  # delay
    "048": Status.ON_HOLD,  # delay
    "049": Status.ON_HOLD,  # delay: action required
    "050": Status.ON_HOLD,  # address information required
    "051": Status.ON_HOLD,  # delay: emergency or severe weather
    "052": Status.ON_HOLD,  # delay: severe weather
    "053": Status.ON_HOLD,  # delay: severe weather, recovering
    "057": Status.IN_TRANSIT,  # in transit to an access point
    "058": Status.HELD_CUSTOMS,  # clearance information required
    "059": Status.DAMAGED,  # damage reported
    "060": Status.ATTEMPT_FAILED,  # delivery attempted
    "061": Status.ATTEMPT_FAILED,  # delivery attempted: adult signature required
    "062": Status.ATTEMPT_FAILED,  # delivery attempted: funds required
    "064": Status.REFUSED,  # delivery refused
    "066": Status.ATTEMPT_FAILED,  # post office delivery attempted
    "067": Status.RETURNED,  # returned to sender by post office
    "068": Status.ON_HOLD,  # sent to lost and found
    "069": Status.ON_HOLD,  # not claimed
}
"""`status.statusCode` -> ours, for those that say more than the type does. The others (such as 003, 005, 011) decide nothing."""

CODES: dict[str, Status] = {
    "MP": Status.CREATED,
    "XD": Status.CREATED,
    "OA": Status.CREATED,
    "DD": Status.CREATED,
    "OR": Status.PICKED_UP,  # origin scan
    "PU": Status.PICKED_UP,
    "OC": Status.PICKED_UP,
    "OG": Status.PICKED_UP,
    "AR": Status.AT_HUB,  # arrival scan
    "DP": Status.IN_TRANSIT,  # departure scan
    "AA": Status.IN_TRANSIT,
    "AF": Status.IN_TRANSIT,
    "AL": Status.IN_TRANSIT,
    "DS": Status.IN_TRANSIT,  # destination scan
    "IH": Status.IN_TRANSIT,
    "AP": Status.IN_TRANSIT,
    "OT": Status.OUT_FOR_DELIVERY,
    "OD": Status.OUT_FOR_DELIVERY,
    "OF": Status.OUT_FOR_DELIVERY,
    "DL": Status.OUT_FOR_DELIVERY,
    "FS": Status.DELIVERED,
    "KB": Status.DELIVERED,
    "F4": Status.DELIVERED,
    "EX": Status.ON_HOLD,
    "HX": Status.ON_HOLD,
    "HD": Status.ON_HOLD,
    "HI": Status.ON_HOLD,
    "HS": Status.ON_HOLD,
    "HU": Status.ON_HOLD,
    "NH": Status.ON_HOLD,
    "DY": Status.ON_HOLD,  # delayed
    "DE": Status.ON_HOLD,
    "SD": Status.ON_HOLD,
    # Not `refused`, which is final: the meaning of the letter codes is not published, and UPS goes on with the parcel.
    "RF": Status.ATTEMPT_FAILED,
    "UR": Status.ATTEMPT_FAILED,
    "UF": Status.ATTEMPT_FAILED,
    "CC": Status.ATTEMPT_FAILED,
    "VD": Status.CANCELLED,
    "CA": Status.CANCELLED,
    "CN": Status.CANCELLED,
    "CV": Status.CANCELLED,
    "RP": Status.AVAILABLE_FOR_PICKUP,
    "UU": Status.AVAILABLE_FOR_PICKUP,
    "AC": Status.AVAILABLE_FOR_PICKUP,
    "WC": Status.AVAILABLE_FOR_PICKUP,
    "RS": Status.RETURNING,
    "RT": Status.RETURNING,
    "RH": Status.RETURNING,
    "RU": Status.RETURNING,
}
"""`status.code` -> ours. An open list: where a code is not here, the type decides."""

TYPES: dict[str, Status | None] = {
    "M": Status.CREATED,  # manifest information received
    "MV": Status.CREATED,  # manifest information voided
    "P": Status.PICKED_UP,
    "I": Status.IN_TRANSIT,
    "DO": Status.IN_TRANSIT,  # delivered to the freight station of origin
    "DD": Status.AT_HUB,  # delivered to the freight station of destination
    "W": Status.AT_HUB,  # warehousing
    "O": Status.OUT_FOR_DELIVERY,
    "D": Status.DELIVERED,
    "X": Status.ON_HOLD,  # exception
    "RS": Status.RETURNING,
    "NA": None,  # not available
}
"""`status.type` -> ours. The list is closed."""

REASONS: dict[str, Reason] = {
    "032": Reason.WEATHER,
    "050": Reason.CONSIGNEE_INCORRECT_ADDRESS,
    "051": Reason.WEATHER,
    "052": Reason.WEATHER,
    "053": Reason.WEATHER,
    "058": Reason.CUSTOMS_HOLD,
    "059": Reason.CARRIER_DAMAGED_PARCEL,
    "060": Reason.CONSIGNEE_UNAVAILABLE,
    "061": Reason.CONSIGNEE_UNAVAILABLE,
    "062": Reason.CONSIGNEE_PAYMENT_NOT_READY,
    "064": Reason.CONSIGNEE_REFUSED,
    "068": Reason.CARRIER_PARCEL_LOST,
    "069": Reason.CONSIGNEE_UNAVAILABLE,
}
"""`status.statusCode` -> reason. The letter codes give none: what circulates about them is partly guessed."""
