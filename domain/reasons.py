"""Why something went wrong: one table of fault-prefixed reasons, with the ANSI X12 1651 code where one exists."""

from enum import StrEnum


class Reason(StrEnum):
    """Fault-prefixed reason: the prefix says who has to act."""

    CONSIGNEE_NOT_HOME = "consignee_not_home"
    CONSIGNEE_REFUSED = "consignee_refused"
    CONSIGNEE_UNAVAILABLE = "consignee_unavailable"
    CONSIGNEE_INCORRECT_ADDRESS = "consignee_incorrect_address"
    CONSIGNEE_PAYMENT_NOT_READY = "consignee_payment_not_ready"
    CONSIGNEE_BUSINESS_CLOSED = "consignee_business_closed"
    CONSIGNEE_ACCESS_RESTRICTED = "consignee_access_restricted"
    CONSIGNEE_REQUESTED_LATER = "consignee_requested_later"
    CARRIER_SORTING_ERROR = "carrier_sorting_error"
    CARRIER_DAMAGED_PARCEL = "carrier_damaged_parcel"
    CARRIER_PARCEL_LOST = "carrier_parcel_lost"
    CARRIER_NOT_ENOUGH_TIME = "carrier_not_enough_time"
    CARRIER_VEHICLE_ISSUE = "carrier_vehicle_issue"
    CARRIER_MISSED_PICKUP = "carrier_missed_pickup"
    CARRIER_ACCIDENT = "carrier_accident"
    DRIVER_BREAKDOWN = "driver_breakdown"
    DRIVER_RELATED = "driver_related"
    RETAILER_NOT_READY = "retailer_not_ready"
    RETAILER_INCORRECT_DATA = "retailer_incorrect_data"
    CUSTOMS_HOLD = "customs_hold"
    WEATHER = "weather"
    OTHER = "other"


X12_1651: dict[Reason, str] = {
    Reason.CONSIGNEE_NOT_HOME: "AQ",
    Reason.CONSIGNEE_REFUSED: "A7",
    Reason.CONSIGNEE_UNAVAILABLE: "AQ",
    Reason.CONSIGNEE_INCORRECT_ADDRESS: "A2",
    Reason.CONSIGNEE_PAYMENT_NOT_READY: "C8",
    Reason.CONSIGNEE_BUSINESS_CLOSED: "B1",
    Reason.CONSIGNEE_ACCESS_RESTRICTED: "B9",
    Reason.CONSIGNEE_REQUESTED_LATER: "AD",
    Reason.CARRIER_SORTING_ERROR: "AA",
    Reason.CARRIER_NOT_ENOUGH_TIME: "BH",
    Reason.CARRIER_VEHICLE_ISSUE: "AI",
    Reason.CARRIER_MISSED_PICKUP: "AY",
    Reason.CARRIER_ACCIDENT: "AF",
    Reason.DRIVER_BREAKDOWN: "AI",
    Reason.DRIVER_RELATED: "AH",
    Reason.RETAILER_NOT_READY: "AM",
    Reason.WEATHER: "AO",
}
"""Reason -> ANSI X12 element 1651 (EDI 214 AT7), https://www.stedi.com/edi/x12/element/1651."""
